using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TlsGateway.Tls.Sodium;
using static TlsGateway.Tls.OpenSsl.ProviderAbi;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// A provider (provider(7)) inside the process with what a handshake spends much of its time in: <see cref="KeyDerivations"/> and <see cref="X25519Keys"/>. libssl is asked to prefer
/// it by the property query <see cref="PropertyQuery"/>; without it, everything works as with OpenSSL alone.
/// </summary>
internal static unsafe class GatewayProvider
{
    /// <summary>For SSL_CTX_new_ex: preferred, not required, so that all that this provider lacks comes from the host's.</summary>
    public const string PropertyQuery = "?provider=gateway";

    public const string Name = "gateway";

    // openssl/core_dispatch.h: numbers of the ABI.
    private const int QueryOperation = 1027;
    private const int GetCapabilities = 1030;
    private const int OperationKdf = 4;
    private const int OperationKeyManagement = 10;
    private const int OperationKeyExchange = 11;

    /// <summary>OpenSSL wants an address for a context; one that holds nothing serves all.</summary>
    public static readonly byte* NoState = (byte*)NativeMemory.AllocZeroed(1);

    /// <summary>Without a teardown function: OpenSSL would call it from its exit handler, when there may be no managed code to call any more.</summary>
    private static readonly Dispatch* ProviderFunctions = MakeTable(
        (QueryOperation, (nint)(delegate* unmanaged[Cdecl]<void*, int, int*, Algorithm*>)&OnQuery),
        (
            GetCapabilities,
            (nint)
                (delegate* unmanaged[Cdecl]<void*, byte*, delegate* unmanaged[Cdecl]<OsslParameter*, void*, int>, void*, int>)
                    &OnGetCapabilities
        )
    );

    private static readonly Lazy<bool> Loaded = new(Load);

    /// <summary>
    /// The provider is loaded. False where the host runs in FIPS mode (derivations have to come from its validated module), or has no plain SHA-2 functions.
    /// </summary>
    public static bool IsLoaded => Loaded.Value;

    private static bool Load()
    {
        if (!KeySchedule.IsSupported || LibCrypto.EVP_default_properties_is_fips_enabled(0) == 1)
        {
            return false;
        }
        // Nothing that OpenSSL calls may be the first to run an initializer: it could not throw.
        RuntimeHelpers.RunClassConstructor(typeof(GatewayProvider).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(KeyDerivations).TypeHandle);
        if (X25519.IsSupported)
        {
            RuntimeHelpers.RunClassConstructor(typeof(X25519Keys).TypeHandle);
            RuntimeHelpers.RunClassConstructor(typeof(X25519Exchange).TypeHandle);
        }
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
        return operation switch
        {
            OperationKdf => KeyDerivations.Algorithms,
            OperationKeyManagement when X25519.IsSupported => X25519Keys.Algorithms,
            OperationKeyExchange when X25519.IsSupported => X25519Exchange.Algorithms,
            _ => null,
        };
    }

    /// <summary>libssl takes a group from the provider that it would take the group's keys from, and from no other.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnGetCapabilities(
        void* context,
        byte* capability,
        delegate* unmanaged[Cdecl]<OsslParameter*, void*, int> found,
        void* argument
    ) =>
        !X25519.IsSupported || !MemoryMarshal.CreateReadOnlySpanFromNullTerminated(capability).SequenceEqual("TLS-GROUP"u8)
            ? 1
            : found(X25519Keys.Group, argument);
}
