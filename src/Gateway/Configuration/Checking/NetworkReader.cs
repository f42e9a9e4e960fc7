using System.Net;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Reads lists of addresses and networks.</summary>
internal sealed class NetworkReader(ConfigurationProblems problems)
{
    /// <summary>The networks that could be read; each of the others is a problem, and <paramref name="areGood"/> is false.</summary>
    /// <param name="path">Of the list.</param>
    /// <param name="options">Where it stands.</param>
    /// <param name="property">Its C# name.</param>
    /// <param name="texts">The list.</param>
    /// <param name="areGood">All could be read.</param>
    public List<IPNetwork> Read(string path, PositionedOptions options, string property, List<string> texts, out bool areGood)
    {
        List<IPNetwork> networks = [];
        for (var index = 0; index < texts.Count; index++)
        {
            if (AddressText.TryParseNetwork(texts[index], out var network, out var problem))
            {
                networks.Add(network);
            }
            else
            {
                problems.Error(options.At(property, index), $"{path}[{index}] is '{texts[index]}', {problem}");
            }
        }
        areGood = networks.Count == texts.Count;
        return networks;
    }
}
