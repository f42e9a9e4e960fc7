namespace TlsGateway.Kubernetes.Api;

/// <summary>Why the API server did not do what it was asked. The names are the log's words.</summary>
public enum ApiFault
{
    /// <summary>No connection, no trust in its certificate, or a connection that broke.</summary>
    Unreachable,

    /// <summary>No answer in time.</summary>
    NoAnswer,

    /// <summary>401, also with the token read anew; or there is no token.</summary>
    Unauthorized,

    /// <summary>403: the service account lacks a permission.</summary>
    Forbidden,

    /// <summary>404.</summary>
    NotFound,

    /// <summary>409: another was faster, or it exists already.</summary>
    Conflict,

    /// <summary>410: the version or the page that was asked from is no longer known.</summary>
    Gone,

    /// <summary>429.</summary>
    Throttled,

    /// <summary>5xx.</summary>
    ServerError,

    /// <summary>Any other status.</summary>
    Refused,

    /// <summary>An answer that is not what the protocol says.</summary>
    Malformed,

    /// <summary>An answer beyond the bound.</summary>
    TooLarge,
}
