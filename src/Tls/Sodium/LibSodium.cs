using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Tls.Sodium;

/// <summary>libsodium's functions as C declares them. The library comes with the package of that name, one for each system and processor.</summary>
internal static unsafe partial class LibSodium
{
    public const string Library = "libsodium";

    /// <summary>Chooses code for this processor. 0, or 1 when it has been called before; -1 when it failed.</summary>
    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    public static partial int sodium_init();

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    public static partial byte* sodium_version_string();

    /// <summary>RFC 7748's X25519(<paramref name="scalar"/>, 9).</summary>
    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    public static partial int crypto_scalarmult_curve25519_base(byte* point, byte* scalar);

    /// <summary>RFC 7748's X25519(<paramref name="scalar"/>, <paramref name="point"/>); -1 when the result is all zero, which a point of small order gives.</summary>
    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    public static partial int crypto_scalarmult_curve25519(byte* shared, byte* scalar, byte* point);
}
