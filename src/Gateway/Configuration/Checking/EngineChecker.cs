using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Tls;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks that a listener's engine can do what is asked of it: what it cannot do is an error here, not a surprise at run time.</summary>
internal sealed class EngineChecker(ConfigurationProblems problems)
{
    /// <summary>The engine; errors for what it lacks.</summary>
    public TlsEngine Check(string path, TlsOptions options, TlsPolicy policy)
    {
        var engine = EngineOf(options);
        var able = TlsEngines.Capabilities(engine);
        if (!able.HasFlag(TlsCapabilities.Renegotiation))
        {
            if (options.AllowClientRenegotiation)
            {
                Refuse(path, options, nameof(options.AllowClientRenegotiation), "has no renegotiation");
            }
            if (options.Has(nameof(options.Rehandshake)) && policy.MinimumVersion == TlsVersion.Tls12)
            {
                Refuse(path, options, nameof(options.Rehandshake), "has no renegotiation on TLS 1.2 (minimumVersion 1.3 would do)");
            }
        }
        if (!able.HasFlag(TlsCapabilities.PostHandshakeAuthentication) && options.ClientCertificates is { StepUp: true } clients)
        {
            problems.Error(
                clients.At(nameof(clients.StepUp)),
                $"{path}.clientCertificates.stepUp cannot be used: engine {options.Engine} asks for certificates in the handshake only. Remove it, or use engine openssl."
            );
        }
        return engine;
    }

    public static TlsEngine EngineOf(TlsOptions options) => options.Engine == "bouncycastle" ? TlsEngine.BouncyCastle : TlsEngine.OpenSsl;

    private void Refuse(string path, TlsOptions options, string property, string lack) =>
        problems.Error(
            options.At(property),
            $"{path}.{Key(property)} cannot be used: engine {options.Engine} {lack}. Remove it, or use engine openssl."
        );

    private static string Key(string property) => char.ToLowerInvariant(property[0]) + property[1..];
}
