using System.Runtime.InteropServices;
using System.Text;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>The OpenSSL that this process runs on: found once, asked what it can do, never assumed.</summary>
public static unsafe class OpenSslLibrary
{
    /// <summary>0xMNN00PP0 of 3.0.0: the oldest with the provider API and the functions used here.</summary>
    private const ulong OldestVersion = 0x30000000;

    private const string InstallHint =
        "install it: libssl3 (Debian 12, Ubuntu 22.04, Alpine), libssl3t64 (Debian 13, Ubuntu 24.04) or openssl-libs (Fedora, RHEL 9)";

    /// <summary>The groups that a policy may name. Those with ML-KEM (draft-ietf-tls-ecdhe-mlkem) need OpenSSL 3.5.</summary>
    private static readonly string[] WantedGroups =
    [
        "X25519MLKEM768",
        "SecP256r1MLKEM768",
        "SecP384r1MLKEM1024",
        "X25519",
        "P-256",
        "X448",
        "P-384",
        "P-521",
    ];

    private static readonly Lazy<LibraryFacts> Facts = new(Probe);

    /// <summary>The library's own words, such as "OpenSSL 3.0.19 27 Jan 2026".</summary>
    /// <exception cref="TlsConfigurationException">The library is missing or too old; the same for every member.</exception>
    public static string VersionText => Facts.Value.VersionText;

    /// <summary>OPENSSL_VERSION_NUMBER, 0xMNN00PP0.</summary>
    public static ulong VersionNumber => Facts.Value.VersionNumber;

    /// <summary>Key exchange groups that the library has, under its own names.</summary>
    public static IReadOnlyList<string> Tls13Groups => Facts.Value.Groups;

    /// <summary>The library has the group with this IANA name, such as x25519.</summary>
    public static bool SupportsGroup(string ianaName) => HasGroup(PolicyNames.GroupName(ianaName) ?? "");

    /// <summary>The library has the group that it calls <paramref name="name"/>.</summary>
    internal static bool HasGroup(string name) => Array.IndexOf(Facts.Value.Groups, name) >= 0;

    /// <summary>Throws when OpenSSL cannot be used; free afterwards.</summary>
    internal static void EnsureLoaded() => _ = Facts.Value;

    private static LibraryFacts Probe()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new TlsConfigurationException("The OpenSSL engine runs on Linux only. On another system use the container image.");
        }
        Load(LibCrypto.Library);
        Load(LibSsl.Library);
        ulong number = LibCrypto.OpenSSL_version_num();
        string text = Utf8(LibCrypto.OpenSSL_version(LibCrypto.OPENSSL_VERSION));
        if (number < OldestVersion)
        {
            throw new TlsConfigurationException($"OpenSSL 3.0 or newer is needed, this host has '{text}'; {InstallHint}.");
        }
        return new LibraryFacts(text, number, ProbeGroups());
    }

    private static void Load(string library)
    {
        // The handle is never freed: the library lives as long as the process.
        if (!NativeLibrary.TryLoad(library, out _))
        {
            throw new TlsConfigurationException($"OpenSSL 3 is missing: {library} was not found; {InstallHint}.");
        }
    }

    private static string[] ProbeGroups()
    {
        nint context = LibSsl.SSL_CTX_new(LibSsl.TLS_server_method());
        if (context == 0)
        {
            throw new TlsConfigurationException($"OpenSSL did not start: {OpenSslErrors.DrainText()}. Look at the host's openssl.cnf.");
        }
        try
        {
            return Array.FindAll(WantedGroups, name => TrySetGroups(context, name));
        }
        finally
        {
            LibSsl.SSL_CTX_free(context);
        }
    }

    internal static bool TrySetGroups(nint context, string groups)
    {
        bool accepted;
        fixed (byte* list = Encoding.ASCII.GetBytes(groups + '\0'))
        {
            accepted = LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_SET_GROUPS_LIST, 0, list) == 1;
        }
        LibCrypto.ERR_clear_error();
        return accepted;
    }

    internal static string Utf8(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private sealed record LibraryFacts(string VersionText, ulong VersionNumber, string[] Groups);
}
