using System.Security.Cryptography;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Actors.Relaying;

/// <summary>What members authenticate relayed connections to each other with: made of a ticket key of the fleet, so that it changes when that does. Never shown as text.</summary>
public sealed class RelayKey
{
    /// <summary>Bytes of <see cref="Name"/>.</summary>
    public const int NameBytes = TicketKey.NameBytes;

    /// <summary>Bytes of a MAC: HMAC-SHA-256.</summary>
    public const int MacBytes = 32;

    private const int SecretBytes = 32;

    private readonly byte[] _name;
    private readonly byte[] _secret;

    private RelayKey(byte[] name, byte[] secret) => (_name, _secret) = (name, secret);

    /// <summary>Says which key it is; public.</summary>
    public ReadOnlySpan<byte> Name => _name;

    /// <summary>Derived by HKDF (RFC 5869), so that neither key tells anything of the other.</summary>
    /// <param name="key">Not kept.</param>
    public static RelayKey From(TicketKey key)
    {
        var secret = GC.AllocateUninitializedArray<byte>(SecretBytes, pinned: true);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Whole[NameBytes..], secret, salt: key.Name, info: "tls-gateway relay 1"u8);
        return new RelayKey(key.Name.ToArray(), secret);
    }

    /// <summary>Of <paramref name="parts"/>, which the caller has joined so that they cannot be read in two ways.</summary>
    public void Mac(ReadOnlySpan<byte> parts, Span<byte> destination) => HMACSHA256.HashData(_secret, parts, destination);

    /// <summary>Overwrites the secret. Only when nobody uses it any more.</summary>
    public void Clear() => CryptographicOperations.ZeroMemory(_secret);

    public override string ToString() => $"RelayKey({Convert.ToHexStringLower(_name.AsSpan(0, 4))}…)";
}
