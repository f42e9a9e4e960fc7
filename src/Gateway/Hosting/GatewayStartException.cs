namespace TlsGateway.Gateway.Hosting;

/// <summary>The gateway cannot start, or cannot take a new configuration; the message is for the operator.</summary>
internal sealed class GatewayStartException(string message, bool isConfigurationError, Exception inner) : Exception(message, inner)
{
    /// <summary>The configuration is to blame; otherwise the machine refused.</summary>
    public bool IsConfigurationError => isConfigurationError;
}
