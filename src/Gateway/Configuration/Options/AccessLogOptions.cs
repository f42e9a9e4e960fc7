using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class AccessLogOptions : PositionedOptions
{
    [Description("stdout, stderr, or the path of a file, relative to this one.")]
    [Text("stdout, stderr or the path of a file", Examples = ["stdout", "/var/log/gateway/access.log"])]
    public string Output { get; set; } = "stdout";

    [Description("json is one object per line, with the fields below; text is the template.")]
    [Word("text", "json")]
    public string Format { get; set; } = "text";

    /// <summary>Null: the usual one.</summary>
    [Description("A line of text, with fields in braces. docs/ACCESS_LOG.md has them all.")]
    [Text("a line with fields in braces", Examples = ["{time} {client} {server_name} {reason} {duration_seconds}"])]
    public string? Template { get; set; }

    [Description("The fields of a JSON object, by name. Left out: all but the fingerprints ja3 and ja4, which cost more than the rest.")]
    public List<string> Fields { get; set; } = [];

    [Description(
        "Size at which a file is put aside as NAME.1 and a new one begun. 0 is never: others rotate it, and a file that was moved away is made anew."
    )]
    [Size("0", "100GiB", Wide = true)]
    public long RotateAt { get; set; } = 100 * 1024 * 1024;

    [Description("Files put aside that are kept.")]
    [Count(1, 1000)]
    public int Keep { get; set; } = 5;
}
