using System.ComponentModel;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class AccessOptions : PositionedOptions
{
    [Description("Addresses and networks that are let in. When there is any, here or in allowFiles, others are not.")]
    public List<string> Allow { get; set; } = [];

    [Description("Addresses and networks that are not let in. Of entries within each other the longest prefix counts.")]
    public List<string> Deny { get; set; } = [];

    [Description("Files with one address or network a line, # before remarks. Loaded again when they change.")]
    public List<string> AllowFiles { get; set; } = [];

    [Description("As allowFiles, of those that are not let in.")]
    public List<string> DenyFiles { get; set; } = [];
}
