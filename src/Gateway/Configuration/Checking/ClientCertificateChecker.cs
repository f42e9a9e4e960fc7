using Org.BouncyCastle.Security;
using Org.BouncyCastle.Security.Certificates;
using Org.BouncyCastle.X509;
using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Makes a listener's policy for client certificates; files are read and looked at.</summary>
internal sealed class ClientCertificateChecker(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files)
{
    /// <summary>The policy; null when none are asked for, or there are errors.</summary>
    public ClientCertificatePolicy? Check(string path, ClientCertificateOptions? options)
    {
        if (options?.Authorities is null)
        {
            return null;
        }
        var authorities = ReadAuthorities(path, options);
        var lists = ReadLists(path, options, authorities);
        var allow = ClientMatchReader.Read($"{path}.allow", options.Allow, problems);
        if (options.Mode == "none" && !options.StepUp)
        {
            problems.Warning(
                options.At(nameof(options.Mode)),
                $"{path} has no effect: mode is none and stepUp is off. Set one, or remove the section."
            );
        }
        if (authorities is null || lists is null || allow is null)
        {
            return null;
        }
        TlsClientAuthentication policy = new()
        {
            Mode = Enum.Parse<ClientCertificateMode>(options.Mode, ignoreCase: true),
            TrustedAuthoritiesPem = authorities.Value.Pem,
            MaximumDepth = options.Depth,
            RevocationListsPem = lists,
            AllowStepUp = options.StepUp,
            Authorize = allow.Count == 0 ? null : peer => Authorize(allow, peer),
        };
        return CheckResponder(path, options, out var responder)
            ? new ClientCertificatePolicy(
                policy,
                string.Join('|', allow),
                options.Ocsp == "off"
                    ? null
                    : ClientRevocation.Create(options.Ocsp == "hard", responder, authorities.Value.Certificates, world.Time)
            )
            : null;
    }

    private bool CheckResponder(string path, ClientCertificateOptions options, out Uri? responder)
    {
        responder = null;
        if (
            options.OcspResponder is null
            || (Uri.TryCreate(options.OcspResponder, UriKind.Absolute, out responder) && responder.Scheme == Uri.UriSchemeHttp)
        )
        {
            return true;
        }
        problems.Error(
            options.At(nameof(options.OcspResponder)),
            $"{path}.ocspResponder is '{options.Shown(nameof(options.OcspResponder))}', which is not an http URL. Answers are signed, and responders speak plain HTTP: http://ocsp.example.org/"
        );
        return false;
    }

    private static string? Authorize(List<ClientMatch> allow, TlsPeerCertificate peer) =>
        allow.Exists(match => match.Fits(peer)) ? null : $"{peer.Subject} is not among the clients that are allowed";

    private (string Pem, List<X509Certificate> Certificates)? ReadAuthorities(string path, ClientCertificateOptions options)
    {
        var position = options.At(nameof(options.Authorities));
        var shown = $"{path}.authorities is '{options.Shown(nameof(options.Authorities))}'";
        if (files.ReadText(options.Authorities!, position, shown) is not { } pem)
        {
            return null;
        }
        if (CertificateFiles.ParseChain(pem, out var problem) is not { } parsed)
        {
            problems.Error(position, $"{shown}, {problem}.");
            return null;
        }
        List<X509Certificate> certificates = [];
        foreach (var certificate in parsed)
        {
            using (certificate)
            {
                X509Certificate authority = new(certificate.RawData);
                certificates.Add(authority);
                if (authority.GetBasicConstraints() < 0)
                {
                    problems.Error(
                        position,
                        $"{shown}; {certificate.Subject} in it is not an authority (basicConstraints). Give the issuer's certificate."
                    );
                }
                else if (certificate.NotAfter.ToUniversalTime() < world.Time.GetUtcNow().UtcDateTime)
                {
                    problems.Warning(position, $"{shown}; {certificate.Subject} in it has expired: no client of it is let in.");
                }
            }
        }
        return (pem, certificates);
    }

    private List<string>? ReadLists(
        string path,
        ClientCertificateOptions options,
        (string Pem, List<X509Certificate> Certificates)? authorities
    )
    {
        List<string> lists = [];
        for (var index = 0; index < options.RevocationLists.Count; index++)
        {
            var position = options.At(nameof(options.RevocationLists), index);
            var shown = $"{path}.revocationLists[{index}] is '{options.RevocationLists[index]}'";
            if (files.ReadText(options.RevocationLists[index], position, shown) is not { } pem)
            {
                return null;
            }
            if (!CheckList(pem, position, shown, authorities?.Certificates ?? []))
            {
                return null;
            }
            lists.Add(pem);
        }
        return lists;
    }

    private bool CheckList(string pem, SourcePosition position, string shown, List<X509Certificate> authorities)
    {
        List<X509Crl> lists;
        try
        {
            lists = [.. new X509CrlParser().ReadCrls(System.Text.Encoding.ASCII.GetBytes(pem)).OfType<X509Crl>()];
        }
        catch (Exception broken) when (broken is CrlException or GeneralSecurityException or IOException or ArgumentException)
        {
            lists = [];
        }
        if (lists.Count == 0)
        {
            problems.Error(
                position,
                $"{shown}, which holds no CRL (-----BEGIN X509 CRL-----). Convert it: openssl crl -in file -inform DER"
            );
            return false;
        }
        foreach (var list in lists)
        {
            if (list.NextUpdate is { } next && next.ToUniversalTime() < world.Time.GetUtcNow().UtcDateTime)
            {
                problems.Warning(
                    position,
                    $"{shown}, which was to be replaced by {next:u}: until then no client of {list.IssuerDN} is let in."
                );
            }
            // Those of intermediates are signed by certificates that only clients show.
            var issuer = authorities.Find(authority => authority.SubjectDN.Equivalent(list.IssuerDN));
            if (issuer is not null && !IsSignedBy(list, issuer))
            {
                problems.Error(position, $"{shown}, which {list.IssuerDN} of the authorities has not signed. Fetch it again.");
                return false;
            }
        }
        return true;
    }

    private static bool IsSignedBy(X509Crl list, X509Certificate issuer)
    {
        try
        {
            list.Verify(issuer.GetPublicKey());
            return true;
        }
        catch (GeneralSecurityException)
        {
            return false;
        }
    }
}
