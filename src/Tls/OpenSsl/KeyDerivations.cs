using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TlsGateway.Tls.OpenSsl.ProviderAbi;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// Two key derivations of the provider: TLS13-KDF, which libssl calls some twenty times a handshake, and TLS1-PRF, which it calls four times in one of TLS 1.2. They replace
/// derivations that allocate and look algorithms up each time, and the first is where the traffic secrets can be had for <see cref="RecordLayer"/> without the key log, whose hex
/// lines cost more than the derivations.
/// </summary>
/// <remarks>They keep no state: all parameters come with each call, as libssl gives them. Every function here is called on the session's thread.</remarks>
internal static unsafe class KeyDerivations
{
    // openssl/core_dispatch.h and kdf.h: numbers of the ABI.
    private const int KdfNewContext = 1;
    private const int KdfFreeContext = 3;
    private const int KdfDerive = 5;
    private const int ModeExtractOnly = 1;
    private const int ModeExpandOnly = 2;

    public static readonly Algorithm* Algorithms = MakeAlgorithms(
        MakeAlgorithm("TLS13-KDF", "HKDF of TLS 1.3", MakeFunctions(&OnDerive)),
        MakeAlgorithm("TLS1-PRF", "PRF of TLS 1.2", MakeFunctions(&OnDerivePrf))
    );

    /// <summary>The session whose first handshake runs on this thread, or null: whom the traffic secrets, or the key block, are for.</summary>
    [ThreadStatic]
    private static SessionIo* t_session;

    /// <summary>Traffic secrets and key blocks derived on this thread belong to <paramref name="session"/> until this is called with null.</summary>
    public static void CaptureFor(SessionIo* session) => t_session = session;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* OnNewContext(void* provider) => GatewayProvider.NoState;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFreeContext(void* context) { }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnDerive(void* context, byte* output, nuint length, OsslParameter* parameters)
    {
        Arguments given = new(parameters);
        Span<byte> secret = new(output, (int)Math.Min(length, int.MaxValue));
        bool derived =
            given.IsKnownDigest
            && given.Mode switch
            {
                ModeExpandOnly => KeySchedule.TryExpandLabel(given.IsSha384, given.Key, given.Prefix, given.Label, given.Data, secret),
                ModeExtractOnly => KeySchedule.TryExtract(given.IsSha384, given.Salt, given.Key, given.Prefix, given.Label, secret),
                _ => false,
            };
        if (derived && t_session != null)
        {
            t_session->TakeSecret(given.Label, secret);
        }
        return derived ? 1 : 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnDerivePrf(void* context, byte* output, nuint length, OsslParameter* parameters)
    {
        PrfArguments given = new(parameters);
        if (!given.IsComplete || length > int.MaxValue)
        {
            return 0;
        }
        Span<byte> derived = new(output, (int)length);
        PseudoRandomFunction.Derive(given.IsSha384, given.Secret, given.Seed, derived);
        if (t_session != null && given.Seed[0].SequenceEqual("key expansion"u8))
        {
            t_session->KeyBlock.Take(derived);
        }
        return 1;
    }

    private static Dispatch* MakeFunctions(delegate* unmanaged[Cdecl]<void*, byte*, nuint, OsslParameter*, int> derive) =>
        MakeTable(
            (KdfNewContext, (nint)(delegate* unmanaged[Cdecl]<void*, void*>)&OnNewContext),
            (KdfFreeContext, (nint)(delegate* unmanaged[Cdecl]<void*, void>)&OnFreeContext),
            (KdfDerive, (nint)derive)
        );

    /// <summary>The parameters of EVP_KDF-TLS1_PRF(7), read once; the seed comes in several of one name. Spans point into the caller's memory.</summary>
    private readonly ref struct PrfArguments
    {
        public readonly bool IsSha384;
        public readonly bool IsComplete;
        public readonly ReadOnlySpan<byte> Secret;
        public readonly PseudoRandomFunction.SeedParts Seed;

        public PrfArguments(OsslParameter* parameters)
        {
            bool knownDigest = false;
            bool fits = true;
            for (OsslParameter* next = parameters; next != null && next->Key != null; next++)
            {
                ReadOnlySpan<byte> value = next->Value;
                if (next->IsCalled("secret"u8))
                {
                    Secret = value;
                }
                else if (next->IsCalled("seed"u8))
                {
                    fits &= Seed.TryAdd(next->Data, value.Length);
                }
                else if (next->IsCalled("digest"u8))
                {
                    // TLS 1.2 has these two (RFC 5246 §5, RFC 5289 §3); MD5-SHA1 belongs to versions that are not spoken here.
                    IsSha384 = value.EndsWith("384"u8);
                    knownDigest = IsSha384 || value.EndsWith("256"u8);
                }
            }
            IsComplete = knownDigest && fits && Seed.Count > 0;
        }
    }

    /// <summary>The parameters of EVP_KDF-TLS13_KDF(7), read once. Spans point into the caller's memory.</summary>
    private readonly ref struct Arguments
    {
        public readonly int Mode;
        public readonly bool IsSha384;
        public readonly bool IsKnownDigest;
        public readonly ReadOnlySpan<byte> Key;
        public readonly ReadOnlySpan<byte> Salt;
        public readonly ReadOnlySpan<byte> Prefix;
        public readonly ReadOnlySpan<byte> Label;
        public readonly ReadOnlySpan<byte> Data;

        public Arguments(OsslParameter* parameters)
        {
            for (OsslParameter* next = parameters; next != null && next->Key != null; next++)
            {
                ReadOnlySpan<byte> value = next->Value;
                if (next->IsCalled("key"u8))
                {
                    Key = value;
                }
                else if (next->IsCalled("salt"u8))
                {
                    Salt = value;
                }
                else if (next->IsCalled("prefix"u8))
                {
                    Prefix = value;
                }
                else if (next->IsCalled("label"u8))
                {
                    Label = value;
                }
                else if (next->IsCalled("data"u8))
                {
                    Data = value;
                }
                else if (next->IsCalled("digest"u8))
                {
                    // libssl's names: SHA256 or SHA2-256, SHA384 or SHA2-384.
                    IsSha384 = value.EndsWith("384"u8);
                    IsKnownDigest = IsSha384 || value.EndsWith("256"u8);
                }
                else if (next->IsCalled("mode"u8) && value.Length == sizeof(int))
                {
                    Mode = MemoryMarshal.Read<int>(value);
                }
            }
        }
    }
}
