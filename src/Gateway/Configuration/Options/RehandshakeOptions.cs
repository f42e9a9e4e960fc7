using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class RehandshakeOptions : PositionedOptions
{
    /// <summary>Null: no bound beside limits.recordsPerKey.</summary>
    [Description(
        "Keys are renewed after this much application data in both directions together: renegotiation on TLS 1.2, KeyUpdate on 1.3. Left out: only limits.recordsPerKey renews them."
    )]
    [Size("1MiB", "1GiB")]
    public int? AfterBytes { get; set; }

    /// <summary>Null: never by time.</summary>
    [Description("Keys are renewed at the first activity after this time. Left out: never by time.")]
    [Duration("1s", "168h")]
    public TimeSpan? After { get; set; }
}
