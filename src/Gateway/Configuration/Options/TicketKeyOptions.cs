using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class TicketKeyOptions : PositionedOptions
{
    [Description(
        "File with the keys, newest first, for a fleet that has its own rotation: 80 bytes each (openssl rand 80), one after the other, or one in base64 a line. Read again when it changes. Without it the gateway makes its own."
    )]
    [Text("the path of a key file")]
    public string? File { get; set; }

    [Description("How often a new key is made where there is no file.")]
    [Duration("1m", "168h")]
    public TimeSpan RotateEvery { get; set; } = TimeSpan.FromHours(12);

    [Description("Old keys whose tickets are still accepted, where there is no file.")]
    [Count(0, 7)]
    public int Keep { get; set; } = 1;
}
