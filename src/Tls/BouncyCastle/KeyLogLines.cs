using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A session's lines in the format of NSS key logs, when its handshake is complete.</summary>
internal static class KeyLogLines
{
    public static void Write(TlsContext context, Action<string> log)
    {
        SecurityParameters parameters = context.SecurityParameters;
        if (!TlsUtilities.IsTlsV13(context))
        {
            Line("CLIENT_RANDOM", parameters.MasterSecret);
            return;
        }
        Line("CLIENT_HANDSHAKE_TRAFFIC_SECRET", parameters.BaseKeyClient);
        Line("SERVER_HANDSHAKE_TRAFFIC_SECRET", parameters.BaseKeyServer);
        Line("EXPORTER_SECRET", parameters.ExporterMasterSecret);
        Line("SERVER_TRAFFIC_SECRET_0", parameters.TrafficSecretServer);
        Line("CLIENT_TRAFFIC_SECRET_0", parameters.TrafficSecretClient);

        void Line(string label, TlsSecret secret) =>
            log(
                $"{label} {Convert.ToHexStringLower(parameters.ClientRandom)} {Convert.ToHexStringLower(context.Crypto.AdoptSecret(secret).Extract())}"
            );
    }
}
