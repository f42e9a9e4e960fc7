using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// A provider (provider(7)) inside the process with two algorithms: TLS13-KDF, which libssl calls some twenty times a handshake, and TLS1-PRF, which it calls four times in one of
/// TLS 1.2. They replace key derivations that allocate and look algorithms up each time, and the first is where the traffic secrets can be had for <see cref="RecordLayer"/>
/// without the key log, whose hex lines cost more than the derivations. libssl is asked to prefer it by the property query <see cref="PropertyQuery"/>; without it, everything works as with OpenSSL alone.
/// </summary>
/// <remarks>The algorithms keep no state: all parameters come with each call, as libssl gives them. Every function here is called on the session's thread.</remarks>
internal static unsafe class KeyScheduleProvider
{
    /// <summary>For SSL_CTX_new_ex: preferred, not required, so that all that this provider lacks comes from the host's.</summary>
    public const string PropertyQuery = "?provider=gateway";

    private const string Name = "gateway";

    // openssl/core_dispatch.h and kdf.h: numbers of the ABI.
    private const int QueryOperation = 1027;
    private const int OperationKdf = 4;
    private const int KdfNewContext = 1;
    private const int KdfFreeContext = 3;
    private const int KdfDerive = 5;
    private const int ModeExtractOnly = 1;
    private const int ModeExpandOnly = 2;

    /// <summary>OpenSSL wants an address for a context; one that holds nothing serves all.</summary>
    private static readonly byte* NoState = (byte*)NativeMemory.AllocZeroed(1);

    /// <summary>Without a teardown function: OpenSSL would call it from its exit handler, when there may be no managed code to call any more.</summary>
    private static readonly Dispatch* ProviderFunctions = MakeTable(
        (QueryOperation, (nint)(delegate* unmanaged[Cdecl]<void*, int, int*, Algorithm*>)&OnQuery)
    );

    private static readonly Algorithm* Algorithms = MakeAlgorithms();

    private static readonly Lazy<bool> Loaded = new(Load);

    /// <summary>The session whose first handshake runs on this thread, or null: whom the traffic secrets, or the key block, are for.</summary>
    [ThreadStatic]
    private static SessionIo* t_session;

    /// <summary>
    /// The provider is loaded. False where the host runs in FIPS mode (derivations have to come from its validated module), or has no plain SHA-2 functions.
    /// </summary>
    public static bool IsLoaded => Loaded.Value;

    /// <summary>Traffic secrets and key blocks derived on this thread belong to <paramref name="session"/> until this is called with null.</summary>
    public static void CaptureFor(SessionIo* session) => t_session = session;

    private static bool Load()
    {
        if (!KeySchedule.IsSupported || LibCrypto.EVP_default_properties_is_fips_enabled(0) == 1)
        {
            return false;
        }
        RuntimeHelpers.RunClassConstructor(typeof(KeyScheduleProvider).TypeHandle);
        bool loaded =
            LibCrypto.OSSL_PROVIDER_add_builtin(0, Name, &OnLoad) == 1
            // With fallbacks kept: else OpenSSL would take this for the only provider that is wanted.
            && LibCrypto.OSSL_PROVIDER_try_load(0, Name, 1) != 0;
        LibCrypto.ERR_clear_error();
        return loaded;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnLoad(nint core, Dispatch* coreFunctions, Dispatch** functions, void** context)
    {
        *functions = ProviderFunctions;
        *context = NoState;
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static Algorithm* OnQuery(void* context, int operation, int* noCache)
    {
        *noCache = 0;
        return operation == OperationKdf ? Algorithms : null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* OnNewContext(void* provider) => NoState;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFreeContext(void* context) { }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnDerive(void* context, byte* output, nuint length, Parameter* parameters)
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
    private static int OnDerivePrf(void* context, byte* output, nuint length, Parameter* parameters)
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

    private static Algorithm* MakeAlgorithms()
    {
        // Lives as long as the process, as the provider does; the entry of zeros ends the list.
        Algorithm* algorithms = (Algorithm*)NativeMemory.AllocZeroed(3, (nuint)sizeof(Algorithm));
        algorithms[0] = MakeAlgorithm("TLS13-KDF", "HKDF of TLS 1.3", &OnDerive);
        algorithms[1] = MakeAlgorithm("TLS1-PRF", "PRF of TLS 1.2", &OnDerivePrf);
        return algorithms;
    }

    private static Algorithm MakeAlgorithm(
        string name,
        string description,
        delegate* unmanaged[Cdecl]<void*, byte*, nuint, Parameter*, int> derive
    ) =>
        new()
        {
            Names = Text(name),
            Properties = Text("provider=" + Name),
            Functions = MakeTable(
                (KdfNewContext, (nint)(delegate* unmanaged[Cdecl]<void*, void*>)&OnNewContext),
                (KdfFreeContext, (nint)(delegate* unmanaged[Cdecl]<void*, void>)&OnFreeContext),
                (KdfDerive, (nint)derive)
            ),
            Description = Text(description),
        };

    private static Dispatch* MakeTable(params ReadOnlySpan<(int Id, nint Function)> functions)
    {
        Dispatch* table = (Dispatch*)NativeMemory.AllocZeroed((nuint)functions.Length + 1, (nuint)sizeof(Dispatch));
        for (int i = 0; i < functions.Length; i++)
        {
            table[i] = new Dispatch { Id = functions[i].Id, Function = functions[i].Function };
        }
        return table;
    }

    private static byte* Text(string text) => (byte*)Marshal.StringToCoTaskMemUTF8(text);

    /// <summary>OSSL_DISPATCH.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Dispatch
    {
        public int Id;
        public nint Function;
    }

    /// <summary>OSSL_ALGORITHM.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Algorithm
    {
        public byte* Names;
        public byte* Properties;
        public Dispatch* Functions;
        public byte* Description;
    }

    /// <summary>OSSL_PARAM.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Parameter
    {
        public byte* Key;
        public uint Type;
        public void* Data;
        public nuint Size;
        public nuint ReturnSize;
    }

    /// <summary>The parameters of EVP_KDF-TLS1_PRF(7), read once; the seed comes in several of one name. Spans point into the caller's memory.</summary>
    private readonly ref struct PrfArguments
    {
        public readonly bool IsSha384;
        public readonly bool IsComplete;
        public readonly ReadOnlySpan<byte> Secret;
        public readonly PseudoRandomFunction.SeedParts Seed;

        public PrfArguments(Parameter* parameters)
        {
            bool knownDigest = false;
            bool fits = true;
            for (Parameter* next = parameters; next != null && next->Key != null; next++)
            {
                ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(next->Key);
                ReadOnlySpan<byte> value = next->Data == null ? [] : new ReadOnlySpan<byte>(next->Data, (int)next->Size);
                if (name.SequenceEqual("secret"u8))
                {
                    Secret = value;
                }
                else if (name.SequenceEqual("seed"u8))
                {
                    fits &= Seed.TryAdd(next->Data, value.Length);
                }
                else if (name.SequenceEqual("digest"u8))
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

        public Arguments(Parameter* parameters)
        {
            for (Parameter* next = parameters; next != null && next->Key != null; next++)
            {
                ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(next->Key);
                ReadOnlySpan<byte> value = next->Data == null ? [] : new ReadOnlySpan<byte>(next->Data, (int)next->Size);
                if (name.SequenceEqual("key"u8))
                {
                    Key = value;
                }
                else if (name.SequenceEqual("salt"u8))
                {
                    Salt = value;
                }
                else if (name.SequenceEqual("prefix"u8))
                {
                    Prefix = value;
                }
                else if (name.SequenceEqual("label"u8))
                {
                    Label = value;
                }
                else if (name.SequenceEqual("data"u8))
                {
                    Data = value;
                }
                else if (name.SequenceEqual("digest"u8))
                {
                    // libssl's names: SHA256 or SHA2-256, SHA384 or SHA2-384.
                    IsSha384 = value.EndsWith("384"u8);
                    IsKnownDigest = IsSha384 || value.EndsWith("256"u8);
                }
                else if (name.SequenceEqual("mode"u8) && value.Length == sizeof(int))
                {
                    Mode = MemoryMarshal.Read<int>(value);
                }
            }
        }
    }
}
