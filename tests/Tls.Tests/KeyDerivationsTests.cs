using System.Runtime.InteropServices;
using System.Text;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

/// <summary>Our TLS13-KDF and TLS1-PRF called as libssl calls it, through libcrypto, beside the host's own.</summary>
public sealed unsafe partial class KeyDerivationsTests
{
    private const string Hkdf = "TLS13-KDF";
    private const string Prf = "TLS1-PRF";
    private const string Ours = "provider=gateway";
    private const string Hosts = "provider=default";
    private const int ExtractOnly = 1;
    private const int ExpandOnly = 2;

    // openssl/core.h: OSSL_PARAM's data types.
    private const uint Integer = 1;
    private const uint Utf8 = 4;
    private const uint Octets = 5;

    public KeyDerivationsTests() => _ = GatewayProvider.IsLoaded;

    [Fact]
    public void It_is_loaded_and_preferred_where_asked_for()
    {
        Assert.True(GatewayProvider.IsLoaded);
        Assert.Equal("gateway", ProviderOf(GatewayProvider.PropertyQuery));
        Assert.Equal("default", ProviderOf(Hosts));
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA2-256")]
    [InlineData("SHA384")]
    [InlineData("SHA2-384")]
    public void It_derives_what_the_hosts_derivation_does(string digest)
    {
        int hash = digest.EndsWith("384", StringComparison.Ordinal) ? 48 : 32;
        Random random = new(digest.Length + hash);
        for (int i = 0; i < 100; i++)
        {
            Parameter[] expand =
            [
                Mode(ExpandOnly),
                new("digest", Utf8, Encoding.ASCII.GetBytes(digest)),
                new("key", Octets, Bytes(random, hash)),
                new("data", Octets, Bytes(random, random.Next(2) * hash)),
                new("prefix", Octets, "tls13 "u8.ToArray()),
                new("label", Octets, Bytes(random, random.Next(1, 19))),
            ];
            AssertSame(expand, random.Next(1, 3 * hash));
            Parameter[] extract =
            [
                Mode(ExtractOnly),
                new("digest", Utf8, Encoding.ASCII.GetBytes(digest)),
                new("prefix", Octets, "tls13 "u8.ToArray()),
                new("label", Octets, "derived"u8.ToArray()),
            ];
            Parameter key = new("key", Octets, Bytes(random, random.Next(1, 1100)));
            Parameter salt = new("salt", Octets, Bytes(random, hash));
            // The early secret without a PSK, with one; the handshake secret; the master secret.
            AssertSame(extract, hash);
            AssertSame([.. extract, key], hash);
            AssertSame([.. extract, key, salt], hash);
            AssertSame([.. extract, salt], hash);
        }
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA2-256")]
    [InlineData("SHA384")]
    [InlineData("SHA2-384")]
    public void Its_prf_gives_what_the_hosts_gives(string digest)
    {
        Random random = new(digest.Length);
        for (int i = 0; i < 300; i++)
        {
            List<Parameter> parameters =
            [
                new("digest", Utf8, Encoding.ASCII.GetBytes(digest)),
                // X25519 agrees on 32 bytes, P-521 on 66; longer than the hash's block comes too.
                new("secret", Octets, Bytes(random, random.Next(1, 200))),
                new("seed", Octets, Bytes(random, random.Next(1, 40))),
            ];
            for (int parts = random.Next(5); parts > 0; parts--)
            {
                parameters.Add(new Parameter("seed", Octets, Bytes(random, random.Next(0, 100))));
            }
            AssertSame([.. parameters], random.Next(1, 300), Prf);
        }
    }

    [Fact]
    public void What_its_prf_cannot_derive_it_refuses()
    {
        Parameter digest = new("digest", Utf8, "SHA2-256"u8.ToArray());
        Parameter secret = new("secret", Octets, new byte[48]);
        Parameter seed = new("seed", Octets, new byte[32]);

        Assert.NotNull(Derive(Ours, [digest, secret, seed], 48, out _, Prf));
        Assert.Null(Derive(Ours, [secret, seed], 48, out _, Prf));
        Assert.Null(Derive(Ours, [digest, secret], 48, out _, Prf));
        Assert.Null(Derive(Ours, [new("digest", Utf8, "MD5-SHA1"u8.ToArray()), secret, seed], 48, out _, Prf));
        Assert.Null(Derive(Ours, [digest, secret, .. Enumerable.Repeat(seed, 9)], 48, out _, Prf));
    }

    [Fact]
    public void What_it_cannot_derive_it_refuses()
    {
        Parameter digest = new("digest", Utf8, "SHA2-256"u8.ToArray());
        Parameter key = new("key", Octets, new byte[32]);
        Parameter label = new("label", Octets, "key"u8.ToArray());

        Assert.NotNull(Derive(Ours, [Mode(ExpandOnly), digest, key, label], 16));
        Assert.Null(Derive(Ours, [Mode(0), digest, key, label], 16));
        Assert.Null(Derive(Ours, [digest, key, label], 16));
        Assert.Null(Derive(Ours, [Mode(ExpandOnly), key, label], 16));
        Assert.Null(Derive(Ours, [Mode(ExpandOnly), new("digest", Utf8, "SHA2-512"u8.ToArray()), key, label], 16));
        Assert.Null(Derive(Ours, [Mode(ExpandOnly), digest, key, new("label", Octets, new byte[256])], 16));
        Assert.Null(Derive(Ours, [Mode(ExpandOnly), digest, key, label, new("data", Octets, new byte[256])], 16));
        Assert.Null(Derive(Ours, [Mode(ExpandOnly), digest, key, label], (255 * 32) + 1));
        Assert.Null(Derive(Ours, [Mode(ExtractOnly), digest, key, label], 31));
        Assert.Null(Derive(Ours, [], 16));
    }

    private static void AssertSame(Parameter[] parameters, int length, string algorithm = Hkdf)
    {
        byte[]? theirs = Derive(Hosts, parameters, length, out string reason, algorithm);
        Assert.True(theirs != null, $"the host's derivation: {reason}");
        Assert.Equal(theirs, Derive(Ours, parameters, length, out _, algorithm));
    }

    private static Parameter Mode(int mode) => new("mode", Integer, BitConverter.GetBytes(mode));

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string ProviderOf(string query)
    {
        nint kdf = EVP_KDF_fetch(0, Hkdf, query);
        string name = Marshal.PtrToStringUTF8(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf))) ?? "";
        EVP_KDF_free(kdf);
        return name;
    }

    /// <summary>Null when the derivation was refused.</summary>
    private static byte[]? Derive(string query, Parameter[] parameters, int length) => Derive(query, parameters, length, out _);

    private static byte[]? Derive(string query, Parameter[] parameters, int length, out string reason, string algorithm = Hkdf)
    {
        LibCrypto.ERR_clear_error();
        nint kdf = EVP_KDF_fetch(0, algorithm, query);
        nint context = EVP_KDF_CTX_new(kdf);
        NativeParameter* native = (NativeParameter*)NativeMemory.AllocZeroed((nuint)parameters.Length + 1, (nuint)sizeof(NativeParameter));
        List<nint> memory = [(nint)native];
        for (int i = 0; i < parameters.Length; i++)
        {
            native[i] = new NativeParameter
            {
                Key = Copy([.. Encoding.ASCII.GetBytes(parameters[i].Name), 0], memory),
                Type = parameters[i].Type,
                Data = Copy(parameters[i].Value, memory),
                Size = (nuint)parameters[i].Value.Length,
            };
        }
        byte[] output = new byte[length];
        int derived;
        fixed (byte* start = output)
        {
            derived = EVP_KDF_derive(context, start, (nuint)length, native);
        }
        memory.ForEach(block => NativeMemory.Free((void*)block));
        EVP_KDF_CTX_free(context);
        EVP_KDF_free(kdf);
        Span<byte> text = stackalloc byte[256];
        fixed (byte* start = text)
        {
            ERR_error_string_n(ERR_peek_error(), start, (nuint)text.Length);
            reason = $"{(kdf == 0 ? "not found" : "refused")}, {Marshal.PtrToStringUTF8((nint)start)}";
        }
        LibCrypto.ERR_clear_error();
        return derived == 1 ? output : null;
    }

    /// <summary>With a zero behind it: OpenSSL takes a UTF-8 parameter's data for a C string, whatever its size says.</summary>
    private static byte* Copy(byte[] bytes, List<nint> memory)
    {
        byte* copy = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
        copy[bytes.Length] = 0;
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        memory.Add((nint)copy);
        return copy;
    }

    [LibraryImport(LibCrypto.Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint EVP_KDF_fetch(nint library, string algorithm, string properties);

    [LibraryImport(LibCrypto.Library)]
    private static partial nuint ERR_peek_error();

    [LibraryImport(LibCrypto.Library)]
    private static partial void ERR_error_string_n(nuint error, byte* text, nuint length);

    [LibraryImport(LibCrypto.Library)]
    private static partial void EVP_KDF_free(nint kdf);

    [LibraryImport(LibCrypto.Library)]
    private static partial nint EVP_KDF_get0_provider(nint kdf);

    [LibraryImport(LibCrypto.Library)]
    private static partial nint OSSL_PROVIDER_get0_name(nint provider);

    [LibraryImport(LibCrypto.Library)]
    private static partial nint EVP_KDF_CTX_new(nint kdf);

    [LibraryImport(LibCrypto.Library)]
    private static partial void EVP_KDF_CTX_free(nint context);

    [LibraryImport(LibCrypto.Library)]
    private static partial int EVP_KDF_derive(nint context, byte* key, nuint length, NativeParameter* parameters);

    private sealed record Parameter(string Name, uint Type, byte[] Value);

    /// <summary>OSSL_PARAM.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct NativeParameter
    {
        public byte* Key;
        public uint Type;
        public byte* Data;
        public nuint Size;
        public nuint ReturnSize;
    }
}
