using System.Security.Cryptography.X509Certificates;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Usage;

/// <summary>
/// The server names that a listener's configuration knows, of its certificates and routes: what clients make up is one word, so that neither lists nor labels grow by it. Immutable; any thread.
/// </summary>
public sealed class ConfiguredNames
{
    /// <summary>Of a client that sent no name.</summary>
    public const string None = "none";

    /// <summary>Of a name that is not configured.</summary>
    public const string Other = "other";

    private readonly Dictionary<string, string> _exact = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _lookUp;

    private ConfiguredNames(IEnumerable<string> names)
    {
        foreach (var name in names)
            _exact.TryAdd(name, name);
        _lookUp = _exact.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public static ConfiguredNames Of(ListenerSettings settings) =>
        new([
            .. settings
                .Routes.SelectMany(static route => route.Names?.Texts ?? [])
                // What an expression takes has no name of its own.
                .Where(static text => !text.StartsWith('~')),
            .. settings.Tls.Certificates.SelectMany(static certificate => NamesOf(certificate.ChainPem)),
        ]);

    /// <summary>The name as configured: itself, or the nearest *.name that it is below; else <see cref="Other"/>, or <see cref="None"/> for "".</summary>
    public string Find(string serverName)
    {
        if (serverName.Length == 0)
            return None;
        if (_exact.TryGetValue(serverName, out var known))
            return known;
        Span<char> wildcard = stackalloc char[Math.Min(serverName.Length, 255) + 1];
        for (var dot = serverName.IndexOf('.'); dot >= 0; dot = serverName.IndexOf('.', dot + 1))
        {
            var below = serverName.AsSpan(dot);
            if (below.Length >= wildcard.Length)
                continue;
            wildcard[0] = '*';
            below.CopyTo(wildcard[1..]);
            if (_lookUp.TryGetValue(wildcard[..(below.Length + 1)], out known))
                return known;
        }

        return Other;
    }

    private static IEnumerable<string> NamesOf(string chainPem)
    {
        using var leaf = X509Certificate2.CreateFromPem(chainPem);
        return [.. leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static names => names.EnumerateDnsNames())];
    }
}
