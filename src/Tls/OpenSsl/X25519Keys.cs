using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TlsGateway.Tls.Sodium;
using static TlsGateway.Tls.OpenSsl.ProviderAbi;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// Keys of X25519 for libcrypto (provider-keymgmt(7)), over <see cref="X25519"/>: as the default provider's in what they take and give, with 32 bytes each. A key has no reference count
/// and no lock: libcrypto counts references to what holds it, and <see cref="X25519Exchange"/> copies what it needs.
/// </summary>
internal static unsafe class X25519Keys
{
    // openssl/core_dispatch.h: numbers of the ABI.
    private const int New = 1;
    private const int GenerateInit = 2;
    private const int GenerateSetParameters = 4;
    private const int GenerateSettableParameters = 5;
    private const int Generate = 6;
    private const int GenerateCleanup = 7;
    private const int Free = 10;
    private const int GetParameters = 11;
    private const int GettableParameters = 12;
    private const int SetParameters = 13;
    private const int SettableParameters = 14;
    private const int Has = 21;
    private const int Match = 23;
    private const int Import = 40;
    private const int ImportTypes = 41;
    private const int Export = 42;
    private const int ExportTypes = 43;
    private const int Duplicate = 44;

    private const int SelectPrivateKey = 1;
    private const int SelectPublicKey = 2;
    private const int SelectKeyPair = SelectPrivateKey | SelectPublicKey;

    // As the default provider has them (crypto/ecx.h).
    private const int Bits = 253;
    private const int SecurityBits = 128;

    // tls1.h; IANA's TLS Supported Groups.
    private const int Tls10 = 0x0301;
    private const int Dtls10 = 0xfeff;
    private const int GroupId = 29;

    private static readonly byte* PublicName = Text("pub");
    private static readonly byte* PrivateName = Text("priv");

    /// <summary>What is generated: parameters, of which there are none, or a pair. Their addresses are the contexts of a generation, which holds nothing else.</summary>
    private static readonly byte* BlankWanted = (byte*)NativeMemory.AllocZeroed(2);

    private static readonly byte* PairWanted = BlankWanted + 1;

    private static readonly OsslParameter* GenerateParameters = MakeParameters(OsslParameter.TextType("group"));

    private static readonly OsslParameter* Readable = MakeParameters(
        OsslParameter.NumberType("bits"),
        OsslParameter.NumberType("security-bits"),
        OsslParameter.NumberType("max-size"),
        OsslParameter.OctetsType("encoded-pub-key"),
        OsslParameter.OctetsType("pub"),
        OsslParameter.OctetsType("priv")
    );

    private static readonly OsslParameter* Writable = MakeParameters(OsslParameter.OctetsType("encoded-pub-key"));

    private static readonly OsslParameter* Movable = MakeParameters(OsslParameter.OctetsType("pub"), OsslParameter.OctetsType("priv"));

    /// <summary>What provider-base(7) calls the capability TLS-GROUP.</summary>
    public static readonly OsslParameter* Group = MakeParameters(
        OsslParameter.OfText("tls-group-name", "x25519"),
        OsslParameter.OfText("tls-group-name-internal", "X25519"),
        OsslParameter.OfText("tls-group-alg", "X25519"),
        OsslParameter.OfNumber("tls-group-id", GroupId),
        OsslParameter.OfNumber("tls-group-sec-bits", SecurityBits),
        OsslParameter.OfNumber("tls-min-tls", Tls10),
        OsslParameter.OfNumber("tls-max-tls", 0),
        OsslParameter.OfNumber("tls-min-dtls", Dtls10),
        OsslParameter.OfNumber("tls-max-dtls", 0)
    );

    public static readonly Algorithm* Algorithms = MakeAlgorithms(
        MakeAlgorithm(
            "X25519:1.3.101.110",
            "X25519 by libsodium",
            MakeTable(
                (New, (nint)(delegate* unmanaged[Cdecl]<void*, Pair*>)&OnNew),
                (GenerateInit, (nint)(delegate* unmanaged[Cdecl]<void*, int, OsslParameter*, void*>)&OnGenerateInit),
                (GenerateSetParameters, (nint)(delegate* unmanaged[Cdecl]<void*, OsslParameter*, int>)&OnGenerateSet),
                (GenerateSettableParameters, (nint)(delegate* unmanaged[Cdecl]<void*, void*, OsslParameter*>)&OnGenerateSettable),
                (Generate, (nint)(delegate* unmanaged[Cdecl]<void*, void*, void*, Pair*>)&OnGenerate),
                (GenerateCleanup, (nint)(delegate* unmanaged[Cdecl]<void*, void>)&OnGenerateCleanup),
                (Free, (nint)(delegate* unmanaged[Cdecl]<Pair*, void>)&OnFree),
                (GetParameters, (nint)(delegate* unmanaged[Cdecl]<Pair*, OsslParameter*, int>)&OnGet),
                (GettableParameters, (nint)(delegate* unmanaged[Cdecl]<void*, OsslParameter*>)&OnGettable),
                (SetParameters, (nint)(delegate* unmanaged[Cdecl]<Pair*, OsslParameter*, int>)&OnSet),
                (SettableParameters, (nint)(delegate* unmanaged[Cdecl]<void*, OsslParameter*>)&OnSettable),
                (Has, (nint)(delegate* unmanaged[Cdecl]<Pair*, int, int>)&OnHas),
                (Match, (nint)(delegate* unmanaged[Cdecl]<Pair*, Pair*, int, int>)&OnMatch),
                (Import, (nint)(delegate* unmanaged[Cdecl]<Pair*, int, OsslParameter*, int>)&OnImport),
                (ImportTypes, (nint)(delegate* unmanaged[Cdecl]<int, OsslParameter*>)&OnMovable),
                (
                    Export,
                    (nint)
                        (delegate* unmanaged[Cdecl]<Pair*, int, delegate* unmanaged[Cdecl]<OsslParameter*, void*, int>, void*, int>)
                            &OnExport
                ),
                (ExportTypes, (nint)(delegate* unmanaged[Cdecl]<int, OsslParameter*>)&OnMovable),
                (Duplicate, (nint)(delegate* unmanaged[Cdecl]<Pair*, int, Pair*>)&OnDuplicate)
            )
        )
    );

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static Pair* OnNew(void* provider) => Allocate();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFree(Pair* pair) => Release(pair);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* OnGenerateInit(void* provider, int selection, OsslParameter* parameters) =>
        !IsThisGroup(parameters) ? null
        : (selection & SelectKeyPair) == 0 ? BlankWanted
        : PairWanted;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnGenerateSet(void* context, OsslParameter* parameters) => IsThisGroup(parameters) ? 1 : 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static OsslParameter* OnGenerateSettable(void* context, void* provider) => GenerateParameters;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnGenerateCleanup(void* context) { }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static Pair* OnGenerate(void* context, void* progress, void* argument)
    {
        Pair* pair = Allocate();
        if (pair == null || context == BlankWanted)
        {
            return pair;
        }
        if (LibCrypto.RAND_priv_bytes(pair->Private, X25519.KeyBytes) != 1)
        {
            Release(pair);
            return null;
        }
        Clamp(pair->Private);
        X25519.PublicKey(pair->Private, pair->Public);
        pair->HasPrivate = true;
        pair->HasPublic = true;
        return pair;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnHas(Pair* pair, int selection) =>
        pair != null && ((selection & SelectPublicKey) == 0 || pair->HasPublic) && ((selection & SelectPrivateKey) == 0 || pair->HasPrivate)
            ? 1
            : 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnMatch(Pair* one, Pair* other, int selection)
    {
        if ((selection & SelectKeyPair) == 0)
        {
            return 1;
        }
        if ((selection & SelectPublicKey) != 0 && one->HasPublic && other->HasPublic)
        {
            return AreSame(one->Public, other->Public);
        }
        return (selection & SelectPrivateKey) != 0 && one->HasPrivate && other->HasPrivate ? AreSame(one->Private, other->Private) : 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static OsslParameter* OnGettable(void* provider) => Readable;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnGet(Pair* pair, OsslParameter* parameters)
    {
        for (OsslParameter* next = parameters; next != null && next->Key != null; next++)
        {
            bool answered =
                next->IsCalled("bits"u8) ? next->TryAnswer(Bits)
                : next->IsCalled("security-bits"u8) ? next->TryAnswer(SecurityBits)
                : next->IsCalled("max-size"u8) ? next->TryAnswer(X25519.KeyBytes)
                : next->IsCalled("encoded-pub-key"u8) || next->IsCalled("pub"u8) ? !pair->HasPublic || next->TryAnswer(Bytes(pair->Public))
                : !next->IsCalled("priv"u8) || !pair->HasPrivate || next->TryAnswer(Bytes(pair->Private));
            if (!answered)
            {
                return 0;
            }
        }
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static OsslParameter* OnSettable(void* provider) => Writable;

    /// <summary>What a peer sent becomes the public key of a blank one.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnSet(Pair* pair, OsslParameter* parameters)
    {
        OsslParameter* given = Find(parameters, "encoded-pub-key"u8);
        if (given == null)
        {
            return 1;
        }
        if (!TryTake(given, pair->Public))
        {
            return 0;
        }
        pair->HasPublic = true;
        pair->HasPrivate = false;
        CryptographicOperations.ZeroMemory(Bytes(pair->Private));
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static OsslParameter* OnMovable(int selection) => (selection & SelectKeyPair) == 0 ? null : Movable;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnImport(Pair* pair, int selection, OsslParameter* parameters)
    {
        OsslParameter* publicKey = Find(parameters, "pub"u8);
        OsslParameter* privateKey = (selection & SelectPrivateKey) == 0 ? null : Find(parameters, "priv"u8);
        if (pair == null || (selection & SelectKeyPair) == 0 || (publicKey == null && privateKey == null))
        {
            return 0;
        }
        if (privateKey != null)
        {
            if (!TryTake(privateKey, pair->Private))
            {
                return 0;
            }
            pair->HasPrivate = true;
        }
        if (publicKey == null)
        {
            X25519.PublicKey(pair->Private, pair->Public);
        }
        else if (!TryTake(publicKey, pair->Public))
        {
            return 0;
        }
        pair->HasPublic = true;
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnExport(Pair* pair, int selection, delegate* unmanaged[Cdecl]<OsslParameter*, void*, int> take, void* argument)
    {
        if (pair == null || !pair->HasPublic || (selection & SelectKeyPair) == 0)
        {
            return 0;
        }
        OsslParameter* parameters = stackalloc OsslParameter[3];
        parameters[0] = OsslParameter.OfOctets(PublicName, pair->Public, X25519.KeyBytes);
        parameters[1] =
            pair->HasPrivate && (selection & SelectPrivateKey) != 0
                ? OsslParameter.OfOctets(PrivateName, pair->Private, X25519.KeyBytes)
                : default;
        parameters[2] = default;
        return take(parameters, argument);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static Pair* OnDuplicate(Pair* from, int selection)
    {
        Pair* copy = Allocate();
        if (copy == null)
        {
            return null;
        }
        if ((selection & SelectPublicKey) != 0 && from->HasPublic)
        {
            Bytes(from->Public).CopyTo(Bytes(copy->Public));
            copy->HasPublic = true;
        }
        if ((selection & SelectPrivateKey) != 0 && from->HasPrivate)
        {
            Bytes(from->Private).CopyTo(Bytes(copy->Private));
            copy->HasPrivate = true;
        }
        return copy;
    }

    public static Span<byte> Bytes(byte* key) => new(key, X25519.KeyBytes);

    private static bool IsThisGroup(OsslParameter* parameters)
    {
        OsslParameter* group = Find(parameters, "group"u8);
        return group == null || System.Text.Ascii.EqualsIgnoreCase(group->Value, "x25519"u8);
    }

    private static bool TryTake(OsslParameter* given, byte* key) =>
        given->IsOctets && given->Size == X25519.KeyBytes && given->Value.TryCopyTo(Bytes(key));

    private static int AreSame(byte* one, byte* other) => CryptographicOperations.FixedTimeEquals(Bytes(one), Bytes(other)) ? 1 : 0;

    /// <summary>RFC 7748 §5, decodeScalar25519: for those who export the key. X25519 itself does it again.</summary>
    private static void Clamp(byte* key)
    {
        key[0] &= 248;
        key[X25519.KeyBytes - 1] &= 127;
        key[X25519.KeyBytes - 1] |= 64;
    }

    /// <summary>libcrypto's own memory, so that there is no exception where there is none left, but null.</summary>
    private static Pair* Allocate() => (Pair*)LibCrypto.CRYPTO_zalloc((nuint)sizeof(Pair), null, 0);

    private static void Release(Pair* pair) => LibCrypto.CRYPTO_clear_free(pair, (nuint)sizeof(Pair), null, 0);

    /// <summary>A key, or half of one, or (for its parameters, of which there are none) nothing.</summary>
    internal struct Pair
    {
        public fixed byte Public[X25519.KeyBytes];
        public fixed byte Private[X25519.KeyBytes];
        public bool HasPublic;
        public bool HasPrivate;
    }
}
