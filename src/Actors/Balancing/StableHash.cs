using TlsGateway.Transport;

namespace TlsGateway.Actors.Balancing;

/// <summary>Hashes that every member of a fleet and every process after a restart computes alike. Not for tables that a client could fill: there is no secret in them.</summary>
public static class StableHash
{
    /// <summary>FNV-1a over the characters, mixed.</summary>
    public static ulong Of(string text)
    {
        var hash = 0xcbf2_9ce4_8422_2325;
        foreach (var character in text)
            hash = (hash ^ character) * 0x0000_0100_0000_01b3;
        return Mix(hash);
    }

    /// <summary>Of the address; the port does not count.</summary>
    public static ulong Of(in InetEndPoint client)
    {
        var bits = client.AddressBits;
        return Of((ulong)(bits >> 64), (ulong)bits, 0);
    }

    internal static ulong Of(ulong first, ulong second, ulong third) => Mix(Mix(Mix(first) ^ second) ^ third);

    /// <summary>The finaliser of SplitMix64: each bit of the input changes half of the output's.</summary>
    internal static ulong Mix(ulong value)
    {
        value += 0x9e37_79b9_7f4a_7c15;
        value = (value ^ (value >> 30)) * 0xbf58_476d_1ce4_e5b9;
        value = (value ^ (value >> 27)) * 0x94d0_49bb_1331_11eb;
        return value ^ (value >> 31);
    }
}
