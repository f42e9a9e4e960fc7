using System.Net;
using TlsGateway.Actors.Routing;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Reads access lists, from the configuration and from files.</summary>
internal sealed class AccessChecker(ConfigurationProblems problems, InputFiles files)
{
    /// <summary>Of lists that are made by programs: 100,000 networks of IPv6 have 4 MiB.</summary>
    private const int MaxFileBytes = 32 * 1024 * 1024;

    /// <summary>One wrong file could have a problem on each line.</summary>
    private const int MaxProblems = 5;

    private readonly NetworkReader _networks = new(problems);

    /// <summary>Null: everybody may connect, or there is an error.</summary>
    public AccessList? Check(string path, AccessOptions? options)
    {
        if (options is null)
        {
            return null;
        }
        var allow = _networks.Read($"{path}.allow", options, nameof(options.Allow), options.Allow, out _);
        var deny = _networks.Read($"{path}.deny", options, nameof(options.Deny), options.Deny, out _);
        ReadFiles($"{path}.allowFiles", options, nameof(options.AllowFiles), options.AllowFiles, allow);
        ReadFiles($"{path}.denyFiles", options, nameof(options.DenyFiles), options.DenyFiles, deny);
        if (options.AllowFiles.Count > 0 && allow.Count == 0 && !problems.HasErrors)
        {
            // An empty list of those who are let in would let everybody in.
            problems.Error(
                options.At(nameof(options.AllowFiles)),
                $"{path}.allowFiles hold no network, so nobody could connect. Remove them, or write 0.0.0.0/0 and ::/0 for everybody."
            );
        }
        return allow.Count + deny.Count == 0 ? null : new AccessList(allow, deny);
    }

    private void ReadFiles(string path, AccessOptions options, string property, List<string> names, List<IPNetwork> into)
    {
        for (var index = 0; index < names.Count; index++)
        {
            var position = options.At(property, index);
            var shown = $"{path}[{index}] is '{names[index]}'";
            if (files.ReadText(names[index], position, shown, MaxFileBytes) is not { } text)
            {
                continue;
            }
            var (line, wrong) = (0, 0);
            foreach (var written in text.AsSpan().EnumerateLines())
            {
                line++;
                var remark = written.IndexOf('#');
                var entry = (remark < 0 ? written : written[..remark]).Trim();
                if (entry.IsEmpty)
                {
                    continue;
                }
                if (AddressText.TryParseNetwork(entry.ToString(), out var network, out var problem))
                {
                    into.Add(network);
                }
                else if (++wrong <= MaxProblems)
                {
                    var start = entry.Length > 60 ? string.Concat(entry[..60], "…") : entry.ToString();
                    problems.Error(position, $"{shown}, whose line {line} is '{start}', {problem}");
                }
            }
        }
    }
}
