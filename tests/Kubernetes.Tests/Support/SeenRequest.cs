namespace TlsGateway.Kubernetes.Tests.Support;

/// <summary>What was asked.</summary>
internal sealed record SeenRequest(string Call, IReadOnlyDictionary<string, string> Query, string Protocol)
{
    public string? this[string parameter] => Query.GetValueOrDefault(parameter);
}
