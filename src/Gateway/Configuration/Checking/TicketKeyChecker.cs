using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Tickets;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks where ticket keys come from; a key file is read, and forgotten again.</summary>
internal sealed class TicketKeyChecker(ConfigurationProblems problems, string file)
{
    public TicketKeySettings Check(TicketKeyOptions options)
    {
        var path = options.File is null ? null : Path.GetFullPath(options.File, Path.GetDirectoryName(file)!);
        if (path is not null)
        {
            CheckFile(options, path);
        }
        return new TicketKeySettings(path, options.RotateEvery, options.Keep);
    }

    private void CheckFile(TicketKeyOptions options, string path)
    {
        var position = options.At(nameof(options.File));
        var shown = $"ticketKeys.file is '{options.Shown(nameof(options.File))}'";
        if (TicketKeyFile.Read(path, out var problem) is not { } keys)
        {
            problems.Error(position, $"{shown}, {problem}. Paths are relative to the folder of the configuration file.");
            return;
        }
        foreach (var key in keys)
        {
            key.Clear();
        }
        if (TicketKeyFile.DescribeExposure(path) is { } exposure)
        {
            problems.Warning(position, $"{shown}, {exposure}.");
        }
        foreach (var ignored in (string[])[nameof(options.RotateEvery), nameof(options.Keep)])
        {
            if (options.Has(ignored))
            {
                var key = char.ToLowerInvariant(ignored[0]) + ignored[1..];
                problems.Warning(options.At(ignored), $"ticketKeys.{key} has no effect: whoever writes the file rotates its keys.");
            }
        }
    }
}
