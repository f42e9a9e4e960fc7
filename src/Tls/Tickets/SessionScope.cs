using System.Security.Cryptography;
using System.Text;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Tls.Tickets;

/// <summary>What a session may be resumed under: a digest of the listener's scope and of its policy for clients' certificates.</summary>
internal static class SessionScope
{
    /// <summary>As long as OpenSSL allows (SSL_MAX_SID_CTX_LENGTH).</summary>
    public const int Bytes = 32;

    public static byte[] Of(TlsServerSettings settings)
    {
        string clients = settings.ClientAuthentication is { } authentication ? PolicyOf(authentication) : "";
        return SHA256.HashData(Encoding.UTF8.GetBytes($"{settings.SessionScope}|{clients}"));
    }

    /// <summary>Part of it: authorities and CRLs. Who is authorised is asked again for each resumed session.</summary>
    private static string PolicyOf(TlsClientAuthentication authentication)
    {
        StringBuilder text = new();
        text.Append(authentication.Mode).Append('|').Append(authentication.MaximumDepth).Append('|');
        text.Append(authentication.TrustedAuthoritiesPem);
        text.AppendJoin('|', authentication.RevocationListsPem);
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
