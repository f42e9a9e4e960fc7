namespace TlsGateway.Actors.Settings;

/// <summary>What a health check does.</summary>
public enum HealthCheckKind
{
    /// <summary>Connects, and closes.</summary>
    Tcp,

    /// <summary>As <see cref="Tcp"/>, with a TLS handshake.</summary>
    Tls,

    /// <summary>GET; status and body decide. Over TLS where the upstream is spoken to over TLS.</summary>
    Http,

    /// <summary>GET over TLS.</summary>
    Https,
}

/// <summary>How the endpoints of an upstream are checked.</summary>
public sealed record HealthCheckSettings
{
    public required HealthCheckKind Kind { get; init; }

    /// <summary>Between the end of one check and the next; each time up to a tenth more or less, by chance, so that a fleet does not beat in step.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For the whole of one check.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Checks in a row that bring an endpoint back.</summary>
    public int Rise { get; init; } = 2;

    /// <summary>Checks in a row that take it out. The very first check decides alone.</summary>
    public int Fall { get; init; } = 3;

    /// <summary>Another port than that of the traffic; 0: the same.</summary>
    public int Port { get; init; }

    /// <summary>Of HTTP: path and query.</summary>
    public string Path { get; init; } = "/";

    /// <summary>Of HTTP: the Host header; of TLS: the server name. "": the endpoint's host name, or address.</summary>
    public string Host { get; init; } = "";

    /// <summary>Of HTTP: the lowest and highest status that is good.</summary>
    public (int From, int To) Status { get; init; } = (200, 399);

    /// <summary>Of HTTP: what the first 64 KiB of the body have to contain. "": anything.</summary>
    public string Body { get; init; } = "";
}
