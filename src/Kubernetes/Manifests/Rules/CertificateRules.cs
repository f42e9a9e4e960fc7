using System.Globalization;
using System.Text.RegularExpressions;
using TlsGateway.Kubernetes.Manifests.Reading;

namespace TlsGateway.Kubernetes.Manifests.Rules;

/// <summary>cert-manager's Certificates have an issuer that is there, a Secret of their own and time to be renewed in.</summary>
internal sealed partial class CertificateRules : IManifestRule
{
    public void Check(ManifestSet manifests, IReadOnlyList<GatewayContainer> gateways, List<ManifestProblem> problems)
    {
        Dictionary<(string Namespace, string Secret), ManifestDocument> secrets = [];
        foreach (var document in manifests.OfKind("Certificate"))
        {
            CheckIssuer(manifests, document, problems);
            CheckTimes(document, problems);
            if (document.Text("spec.secretName") is { } secret && !secrets.TryAdd((document.Namespace, secret), document))
            {
                problems.Add(
                    document.Problem(
                        "spec.secretName",
                        $"is {secret}, which {secrets[(document.Namespace, secret)].Title} writes too: they would overwrite each other for ever. Name another."
                    )
                );
            }
            if (!Identities.Any(document.Has))
            {
                problems.Add(document.Problem("spec", "names nobody: set dnsNames, or commonName for an authority."));
            }
        }
        foreach (var document in manifests.OfKind("Issuer"))
        {
            if (document.Text("spec.ca.secretName") is { } secret && !manifests.Exists("Secret", document.Namespace, secret))
            {
                problems.Add(document.Problem("spec.ca.secretName", manifests.Missing("Secret", document.Namespace, secret)));
            }
            if (
                document.Text("spec.ca.secretName") is { } signer
                && manifests.CertificateOf(document.Namespace, signer) is { } authority
                && authority.Text("spec.isCA") != "true"
            )
            {
                problems.Add(
                    document.Problem(
                        "spec.ca.secretName",
                        $"is the Secret of {authority.Title}, which is no authority. Set isCA: true there."
                    )
                );
            }
        }
    }

    private static readonly string[] Identities =
    [
        "spec.commonName",
        "spec.dnsNames",
        "spec.ipAddresses",
        "spec.uris",
        "spec.emailAddresses",
    ];

    private static void CheckIssuer(ManifestSet manifests, ManifestDocument document, List<ManifestProblem> problems)
    {
        var kind = document.Text("spec.issuerRef.kind") ?? "Issuer";
        var group = document.Text("spec.issuerRef.group") ?? "cert-manager.io";
        var space = kind == "ClusterIssuer" ? "" : document.Namespace;
        if (document.Text("spec.issuerRef.name") is { } name && group == "cert-manager.io" && !manifests.Exists(kind, space, name))
        {
            problems.Add(document.Problem("spec.issuerRef.name", manifests.Missing(kind, space, name)));
        }
    }

    private static void CheckTimes(ManifestDocument document, List<ManifestProblem> problems)
    {
        var duration = TimeSpan.FromDays(90);
        foreach (var key in (string[])["spec.duration", "spec.renewBefore"])
        {
            if (document.Text(key) is not { } text)
            {
                continue;
            }
            if (Read(text) is not { } read)
            {
                problems.Add(document.Problem(key, $"is '{text}', which is no duration of Go. Write hours: 2160h."));
                return;
            }
            if (key == "spec.renewBefore" && read >= duration)
            {
                problems.Add(
                    document.Problem(
                        key,
                        $"is {text}, as long as the certificate lasts: it would be renewed without end. Write a third of duration."
                    )
                );
            }
            duration = read;
        }
    }

    private static TimeSpan? Read(string text)
    {
        if (!GoDuration().IsMatch(text))
        {
            return null;
        }
        var sum = TimeSpan.Zero;
        foreach (Match part in GoDurationPart().Matches(text))
        {
            var number = double.Parse(part.Groups["number"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
            sum += part.Groups["unit"].Value switch
            {
                "h" => TimeSpan.FromHours(number),
                "m" => TimeSpan.FromMinutes(number),
                _ => TimeSpan.FromSeconds(number),
            };
        }
        return sum;
    }

    [GeneratedRegex(@"^([0-9]{1,7}(\.[0-9]{1,3})?[hms])+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex GoDuration();

    [GeneratedRegex(@"(?<number>[0-9.]+)(?<unit>[hms])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex GoDurationPart();
}
