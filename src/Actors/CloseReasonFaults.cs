namespace TlsGateway.Actors;

/// <summary>Says whose fault a <see cref="CloseReason"/> is.</summary>
public static class CloseReasonFaults
{
    /// <summary>A pure function of the reason.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is no <see cref="CloseReason"/>.</exception>
    public static Fault FaultOf(CloseReason reason) =>
        reason switch
        {
            CloseReason.None
            or CloseReason.Completed
            or CloseReason.IdleTimeout
            or CloseReason.HalfClosedTimeout
            or CloseReason.LifetimeExceeded
            or CloseReason.ShutdownTimeout
            or CloseReason.ClosedByOperator
            or CloseReason.Drained
            or CloseReason.Relayed
            or CloseReason.Rebalanced
            or CloseReason.Stopped => Fault.None,
            CloseReason.UpstreamConnectFailed
            or CloseReason.UpstreamConnectTimeout
            or CloseReason.UpstreamTlsFailed
            or CloseReason.UpstreamTruncated
            or CloseReason.UpstreamQueueFull
            or CloseReason.UpstreamQueueTimeout
            or CloseReason.UpstreamReset => Fault.Upstream,
            CloseReason.TooManyConnections
            or CloseReason.ConnectionRateExceeded
            or CloseReason.HandshakeRateExceeded
            or CloseReason.LoopOverloaded
            or CloseReason.MemoryPressure
            or CloseReason.OutOfDescriptors
            or CloseReason.InternalError => Fault.Self,
            CloseReason.ClientClosedBeforeHello
            or CloseReason.ClientClosedInHandshake
            or CloseReason.ClientTruncated
            or CloseReason.ClientReset
            or CloseReason.PlainHttp
            or CloseReason.NotTls
            or CloseReason.BadProxyHeader
            or CloseReason.MalformedClientHello
            or CloseReason.HandshakeTimeout
            or CloseReason.ProtocolViolation
            or CloseReason.ClientAlert
            or CloseReason.LimitExceeded
            or CloseReason.TooSlow
            or CloseReason.ClientTooManyConnections
            or CloseReason.ClientConnectionRateExceeded
            or CloseReason.ClientHandshakeRateExceeded
            or CloseReason.FleetClientTooManyConnections
            or CloseReason.FleetClientHandshakeRateExceeded
            or CloseReason.NoCommonParameters
            or CloseReason.CertificateRejected
            or CloseReason.NoCommonVersion
            or CloseReason.NoCommonCipherSuite
            or CloseReason.NoCommonGroup
            or CloseReason.NoCommonSignatureAlgorithm
            or CloseReason.NoCommonApplicationProtocol
            or CloseReason.UnknownServerName
            or CloseReason.RouteRejected
            or CloseReason.AddressDenied
            or CloseReason.CertificateMissing
            or CloseReason.CertificateExpired
            or CloseReason.CertificateRevoked
            or CloseReason.AccessDenied => Fault.Client,
            _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "no CloseReason"),
        };

    /// <summary>The client showed who it is, or did not, and was not let in: on TLS 1.3, and with a later look at its certificate, after its handshake.</summary>
    public static bool IsRefusedClient(this CloseReason reason) =>
        reason
            is CloseReason.CertificateRejected
                or CloseReason.CertificateMissing
                or CloseReason.CertificateExpired
                or CloseReason.CertificateRevoked
                or CloseReason.AccessDenied;
}
