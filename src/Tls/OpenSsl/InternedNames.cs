using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>The library's own names (suites, groups) as strings that are made once. Bounded by the number of names that OpenSSL has.</summary>
internal static unsafe class InternedNames
{
    private const int MaxNameLength = 64;

    private static readonly ConcurrentDictionary<string, string> Names = new(StringComparer.Ordinal);

    /// <summary>The string for a name that OpenSSL owns; "" for null.</summary>
    public static string Get(byte* name)
    {
        if (name == null)
        {
            return "";
        }
        ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
        if (bytes.Length > MaxNameLength)
        {
            return Encoding.Latin1.GetString(bytes);
        }
        Span<char> text = stackalloc char[MaxNameLength];
        ReadOnlySpan<char> key = text[..Encoding.Latin1.GetChars(bytes, text)];
        return Names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(key, out string? known) ? known : Add(key.ToString());
    }

    private static string Add(string name) => Names.GetOrAdd(name, name);
}
