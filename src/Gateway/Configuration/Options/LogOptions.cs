using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class LogOptions : PositionedOptions
{
    [Description("The least severe level that is logged.")]
    [Word("trace", "debug", "information", "warning", "error", "critical", "none")]
    public string Level { get; set; } = "information";

    [Description("text is one line for each event; json is one object. Takes effect at start, not at reload.")]
    [Word("text", "json")]
    public string Format { get; set; } = "text";
}
