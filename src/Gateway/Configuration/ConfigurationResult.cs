namespace TlsGateway.Gateway.Configuration;

/// <summary>What came of loading a file.</summary>
/// <param name="Configuration">Null if and only if there is an error among the problems.</param>
/// <param name="Problems">Errors and warnings in the order of the file.</param>
internal sealed record ConfigurationResult(GatewayConfiguration? Configuration, IReadOnlyList<ConfigurationProblem> Problems);
