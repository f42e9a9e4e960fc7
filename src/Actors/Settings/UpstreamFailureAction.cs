namespace TlsGateway.Actors.Settings;

/// <summary>What a client gets when no endpoint of its upstream can be had.</summary>
public enum UpstreamFailureAction
{
    /// <summary>The alert internal_error, which says that it is not the client's fault; where TLS passes through, as <see cref="Close"/>.</summary>
    Alert,

    /// <summary>A TCP reset.</summary>
    Reset,

    /// <summary>The end of the TCP connection without close_notify.</summary>
    Close,
}
