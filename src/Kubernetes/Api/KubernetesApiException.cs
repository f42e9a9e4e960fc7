namespace TlsGateway.Kubernetes.Api;

/// <summary>The API server could not be asked, or refused. The message says what was asked, where, what came of it and what to do.</summary>
public sealed class KubernetesApiException : Exception
{
    internal KubernetesApiException(ApiFault fault, string message, Exception? inner = null, TimeSpan? retryAfter = null)
        : base(message, inner)
    {
        Fault = fault;
        RetryAfter = retryAfter;
    }

    /// <summary>Why.</summary>
    public ApiFault Fault { get; }

    /// <summary>When the API server wants to be asked again at the earliest; null if it did not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Asking again soon gives the same: somebody has to change something first.</summary>
    public bool IsDefinite => Fault is ApiFault.Unauthorized or ApiFault.Forbidden or ApiFault.NotFound or ApiFault.Refused;
}
