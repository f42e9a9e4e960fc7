using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TlsGateway.Tls.Sodium;
using static TlsGateway.Tls.OpenSsl.ProviderAbi;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>The agreement of X25519 for libcrypto (provider-keyexch(7)), on <see cref="X25519Keys"/>.</summary>
internal static unsafe class X25519Exchange
{
    // openssl/core_dispatch.h: numbers of the ABI.
    private const int NewContext = 1;
    private const int Init = 2;
    private const int Derive = 3;
    private const int SetPeer = 4;
    private const int FreeContext = 5;
    private const int DuplicateContext = 6;

    public static readonly Algorithm* Algorithms = MakeAlgorithms(
        MakeAlgorithm(
            "X25519:1.3.101.110",
            "X25519 by libsodium",
            MakeTable(
                (NewContext, (nint)(delegate* unmanaged[Cdecl]<void*, Agreement*>)&OnNewContext),
                (Init, (nint)(delegate* unmanaged[Cdecl]<Agreement*, X25519Keys.Pair*, OsslParameter*, int>)&OnInit),
                (Derive, (nint)(delegate* unmanaged[Cdecl]<Agreement*, byte*, nuint*, nuint, int>)&OnDerive),
                (SetPeer, (nint)(delegate* unmanaged[Cdecl]<Agreement*, X25519Keys.Pair*, int>)&OnSetPeer),
                (FreeContext, (nint)(delegate* unmanaged[Cdecl]<Agreement*, void>)&OnFreeContext),
                (DuplicateContext, (nint)(delegate* unmanaged[Cdecl]<Agreement*, Agreement*>)&OnDuplicateContext)
            )
        )
    );

    /// <summary>This thread's last agreement was refused since the peer's key is of small order.</summary>
    [ThreadStatic]
    private static bool t_refused;

    /// <summary>
    /// Whether an agreement on this thread was refused since this was last asked. libssl says "internal error" of it, which it is not: the peer sent the key.
    /// </summary>
    public static bool TakeRefusal()
    {
        bool refused = t_refused;
        t_refused = false;
        return refused;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static Agreement* OnNewContext(void* provider) => Allocate();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFreeContext(Agreement* agreement) => LibCrypto.CRYPTO_clear_free(agreement, (nuint)sizeof(Agreement), null, 0);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static Agreement* OnDuplicateContext(Agreement* from)
    {
        Agreement* copy = Allocate();
        if (copy != null)
        {
            *copy = *from;
        }
        return copy;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnInit(Agreement* agreement, X25519Keys.Pair* own, OsslParameter* parameters)
    {
        if (agreement == null || own == null)
        {
            return 0;
        }
        agreement->HasOwn = own->HasPrivate;
        X25519Keys.Bytes(own->Private).CopyTo(X25519Keys.Bytes(agreement->Own));
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnSetPeer(Agreement* agreement, X25519Keys.Pair* peer)
    {
        if (agreement == null || peer == null || !peer->HasPublic)
        {
            return 0;
        }
        agreement->HasPeer = true;
        X25519Keys.Bytes(peer->Public).CopyTo(X25519Keys.Bytes(agreement->Peer));
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnDerive(Agreement* agreement, byte* secret, nuint* length, nuint room)
    {
        if (!agreement->HasOwn || !agreement->HasPeer)
        {
            return 0;
        }
        *length = X25519.KeyBytes;
        if (secret == null)
        {
            return 1;
        }
        if (room < X25519.KeyBytes)
        {
            return 0;
        }
        t_refused = !X25519.TryAgree(agreement->Own, agreement->Peer, secret);
        return t_refused ? 0 : 1;
    }

    private static Agreement* Allocate() => (Agreement*)LibCrypto.CRYPTO_zalloc((nuint)sizeof(Agreement), null, 0);

    private struct Agreement
    {
        public fixed byte Own[X25519.KeyBytes];
        public fixed byte Peer[X25519.KeyBytes];
        public bool HasOwn;
        public bool HasPeer;
    }
}
