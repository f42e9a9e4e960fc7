namespace TlsGateway.Gateway.Ocsp;

/// <summary>Other gateways that staple to the same certificates: one asks the responder, all use what it says. Any thread; quick; never fails.</summary>
internal interface ISharedStaples
{
    /// <summary>How many gateways come before this one; 0: this one asks.</summary>
    /// <param name="certificate"><see cref="StapledCertificate.Id"/>.</param>
    int RankOf(string certificate);

    /// <summary>Another number whenever gateways have come that may not know what was told before.</summary>
    long Arrivals { get; }

    /// <summary>This gateway has a response, DER, that it has verified. One that is too long is not told.</summary>
    void Tell(string certificate, byte[] response);

    /// <summary>Has responses of others told, unverified: by whom, for which certificate, DER. On any thread.</summary>
    void Hear(Action<string, string, byte[]> heard);
}
