using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Client;

/// <summary>What the client tells of a session, on standard error. Text from the peer is made printable.</summary>
internal sealed class SessionReport(TextWriter error)
{
    public void Connected(string target, string address) => error.WriteLine($"connected to {target} ({address})");

    public void Negotiated(ITlsSession session, bool isVerified)
    {
        var chain = session.ReadPeerChain();
        for (var i = 0; i < chain.Count; i++)
            Certificate(i, chain[i]);
        var info = session.DescribeSession();
        error.WriteLine($"protocol     {info.Version}");
        error.WriteLine($"suite        {info.CipherSuite}");
        Line("group        ", info.Group);
        Line("signature    ", info.SignatureAlgorithm);
        Line("alpn         ", info.ApplicationProtocol);
        error.WriteLine($"resumed      {(info.IsResumed ? "yes" : "no")}");
        error.WriteLine($"verification {(isVerified ? "ok" : "off (--insecure): anyone may have answered")}");
        error.Flush();
    }

    public void Say(string text)
    {
        error.WriteLine(Printable(text));
        error.Flush();
    }

    public void Failed(TlsFailure failure, bool isVerified)
    {
        var alert = failure.Alert < 0 ? "" : $", alert {failure.Alert}";
        Say($"TLS failed: {failure.Kind}{alert}: {failure.Detail}");
        if (failure.Kind is TlsFailureKind.CertificateRejected or TlsFailureKind.CertificateExpired && isVerified)
            Say(
                "The server's certificate is not accepted. Name its authority with --ca FILE, its name with --servername NAME, or do without with --insecure."
            );
    }

    /// <summary>The blocked calls, Rescorla's flags, and what is under way.</summary>
    public void State(ITlsSession session, in SessionState state)
    {
        var counters = session.Counters;
        error.WriteLine($"phase        {state.Phase}");
        foreach (var flag in Enum.GetValues<Blocked>().Where(flag => System.Numerics.BitOperations.PopCount((uint)flag) == 1))
            error.WriteLine($"{FlagName(flag), -28} {((state.Blocked & flag) != 0 ? 1 : 0)}");
        error.WriteLine($"rehandshaking {(state.Rehandshaking ? "yes" : "no")}, ended {counters.Rehandshakes}");
        error.WriteLine($"key updates  sent {counters.TxKeyUpdates}, received {counters.RxKeyUpdates}");
        error.WriteLine($"records      sent {counters.TxRecords}, received {counters.RxRecords}");
        error.Flush();
    }

    /// <summary>Where time went in which something was under way and could not go on.</summary>
    public void Stalls(StallTotals totals)
    {
        var any = false;
        for (byte i = 0; i < StallKey.Count; i++)
        {
            StallKey key = new(i);
            if (totals.Nanos(key) < 1000)
                continue;
            if (!any)
                error.WriteLine("stalls       operation   want  leg     cause         ms");
            any = true;
            var leg = key.Leg == StallLeg.Downstream ? "server" : "local";
            var cause = key.Cause switch
            {
                StallCause.Client => "server",
                StallCause.Upstream => "local",
                _ => "self",
            };
            error.WriteLine(
                $"             {Lower(key.Operation), -11} {Lower(key.Want), -5} {leg, -7} {cause, -6} {totals.Nanos(key) / 1e6, 9:F3}"
            );
        }

        if (!any)
            error.WriteLine("stalls       none");
        error.Flush();
    }

    private void Certificate(int depth, byte[] der)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            error.WriteLine($"certificate {depth} subject {Printable(certificate.Subject)}");
            error.WriteLine($"              issuer  {Printable(certificate.Issuer)}");
            error.WriteLine(
                $"              valid   {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm:ss}Z to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm:ss}Z"
            );
        }
        catch (CryptographicException unreadable)
        {
            error.WriteLine($"certificate {depth} cannot be read: {Printable(unreadable.Message)}");
        }
    }

    private void Line(string label, string value)
    {
        if (value.Length > 0)
            error.WriteLine(label + Printable(value));
    }

    /// <summary>WriteOnRead → write_blocked_on_read.</summary>
    private static string FlagName(Blocked flag)
    {
        var text = flag.ToString();
        var on = text.IndexOf("On", StringComparison.Ordinal);
        return $"{text[..on].ToLowerInvariant()}_blocked_on_{text[(on + 2)..].ToLowerInvariant()}";
    }

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
