using System.Runtime.InteropServices;
using TlsGateway.Tls.OpenSsl;
using TlsGateway.Tls.Policies;
using TlsGateway.Tls.Sodium;
using TlsGateway.Tls.Tests.Contract;
using static TlsGateway.Tls.OpenSsl.LibCrypto;

namespace TlsGateway.Tls.Tests;

/// <summary>X25519 by libsodium: its numbers, its keys called as libssl calls them beside the host's own, and what a peer may not send.</summary>
public sealed unsafe partial class X25519Tests
{
    private const string Ours = "provider=gateway";
    private const string Hosts = "provider=default";
    private const int KeyPair = 0x87;
    private const int InternalError = 80;
    private const int IllegalParameter = 47;

    public X25519Tests() => _ = GatewayProvider.IsLoaded;

    [Fact]
    public void Libsodium_came_along()
    {
        Assert.True(X25519.IsSupported);
        Assert.StartsWith("libsodium 1.", X25519.VersionText, StringComparison.Ordinal);
    }

    /// <summary>RFC 7748 §6.1, and §5.2 for a scalar and a point that are not in canonical form.</summary>
    [Theory]
    [InlineData(
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    )]
    [InlineData(
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    )]
    [InlineData(
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
    )]
    public void It_agrees_as_the_RFC_does(string scalar, string point, string expected)
    {
        Assert.Equal(expected, Convert.ToHexStringLower(Agree(Convert.FromHexString(scalar), Convert.FromHexString(point))!));
    }

    [Fact]
    public void A_public_key_is_that_of_the_RFC()
    {
        Assert.Equal(
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
            Convert.ToHexStringLower(PublicKey(Convert.FromHexString("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")))
        );
    }

    [Fact]
    public void It_is_what_libssl_takes_keys_from()
    {
        using Key ours = Key.Generate(GatewayProvider.PropertyQuery);
        Assert.Equal("gateway", ours.Provider);
        using Key hosts = Key.Generate(Hosts);
        Assert.Equal("default", hosts.Provider);
        // The group comes from the provider of its keys, or not at all.
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default],
                Policy = TlsPolicies.Intermediate with { Groups = ["x25519"] },
            }
        );
        using OpenSslContext client = SessionPair.ClientContext(TlsVersion.Tls13, "www.example.test");
        using SessionPair pair = new(client, server);
        Assert.Equal("x25519", pair.Handshake().Server.DescribeSession().Group, ignoreCase: true);
    }

    [Fact]
    public void Its_keys_agree_with_those_of_the_host()
    {
        for (int i = 0; i < 20; i++)
        {
            using Key ours = Key.Generate(Ours);
            using Key hosts = Key.Generate(Hosts);
            using Key ofOurs = Key.Blank(hosts, ours.PublicKey);
            using Key ofHosts = Key.Blank(ours, hosts.PublicKey);
            Assert.Equal("default", ofOurs.Provider);
            Assert.Equal("gateway", ofHosts.Provider);
            byte[]? secret = ours.Agree(ofHosts, Ours);
            Assert.NotNull(secret);
            Assert.Equal(secret, hosts.Agree(ofOurs, Hosts));
            // Keys that go over to the other's agreement.
            Assert.Equal(secret, ours.Agree(hosts, Ours));
            Assert.Equal(secret, ours.Agree(hosts, Hosts));
            Assert.Equal(secret, hosts.Agree(ours, Ours));
        }
    }

    [Fact]
    public void Its_keys_tell_and_take_what_those_of_the_host_do()
    {
        byte[] privateKey = Convert.FromHexString("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        byte[] publicKey = PublicKey(privateKey);
        Key?[] keys =
        [
            Key.Of(Ours, privateKey, null),
            Key.Of(Ours, null, publicKey),
            Key.Of(Ours, privateKey, publicKey),
            Key.Of(Hosts, privateKey, null),
        ];
        foreach (Key? key in keys)
        {
            Assert.NotNull(key);
            Assert.Equal(publicKey, key.PublicKey);
            Assert.Equal((253, 128, 32), (key.Bits, key.SecurityBits, key.Size));
            foreach (Key? other in keys)
            {
                Assert.Equal(1, EVP_PKEY_eq(key.Handle, other!.Handle));
            }
            using Key copy = key.Duplicate();
            Assert.Equal(publicKey, copy.PublicKey);
            using Key stranger = Key.Generate(Ours);
            Assert.NotEqual(1, EVP_PKEY_eq(key.Handle, stranger.Handle));
        }
        Array.ForEach(keys, static key => key?.Dispose());
        Assert.Null(Key.Of(Ours, privateKey[1..], null));
        Assert.Null(Key.Of(Ours, null, [.. publicKey, 0]));
        Assert.Null(Key.Of(Ours, null, null));
        using Key generated = Key.Generate(Ours);
        Assert.Equal(generated.PublicKey, PublicKey(generated.PrivateKey));
        Assert.NotEqual(generated.PublicKey, Key.Generate(Ours).PublicKey);
        Assert.False(generated.TrySetPublicKey(publicKey[1..]));
        // Another public key has no private one here.
        Assert.True(generated.TrySetPublicKey(publicKey));
        Assert.Null(generated.Agree(generated, Ours));
    }

    /// <summary>0 and 1 are points of small order: any private key gives zeros with them, so that the peer would know the secret without a key (RFC 7748 §6.1).</summary>
    [Theory]
    [InlineData(TlsEngine.OpenSsl, 0)]
    [InlineData(TlsEngine.OpenSsl, 1)]
    [InlineData(TlsEngine.BouncyCastle, 0)]
    [InlineData(TlsEngine.BouncyCastle, 1)]
    public void A_point_of_small_order_is_the_peers_fault(TlsEngine engine, byte point)
    {
        byte[] small = new byte[X25519.KeyBytes];
        small[0] = point;
        Assert.Null(Agree(PublicKey(small), small));
        using TestPool pool = new();
        using ITlsContext context = TlsEngines.CreateServer(engine, EnginePair.ServerSettings(TlsVersion.Tls13));
        using ITlsContext clientContext = TlsEngines.CreateClient(
            TlsEngine.OpenSsl,
            new TlsClientSettings { MaximumVersion = TlsVersion.Tls13, Policy = TlsPolicies.Intermediate with { Groups = ["x25519"] } }
        );
        using ITlsSession client = clientContext.CreateSession(pool);
        using ITlsSession server = context.CreateSession(pool);
        client.Handshake();
        byte[] hello = client.TxPending.ToArray();
        client.TxConsume(hello.Length);
        // extension key_share, its length, the list's, the group, the key's length (RFC 8446 §4.2.8)
        int share = hello.AsSpan().IndexOf<byte>([0, 0x33, 0, 38, 0, 36, 0, 29, 0, 32]);
        Assert.NotEqual(-1, share);
        small.CopyTo(hello.AsSpan(share + 10));
        hello.CopyTo(server.RxFree);
        server.RxCommit(hello.Length);

        Assert.Equal(TlsStatus.Error, server.Handshake());

        Assert.Equal(TlsFailureKind.ProtocolViolation, server.Failure.Kind);
        Assert.EndsWith(X25519.SmallOrderText, server.Failure.Detail, StringComparison.Ordinal);
        // What is sent is libssl's choice; older ones say internal_error.
        Assert.True(server.Failure.Alert is IllegalParameter or InternalError, $"{server.Failure}");
        // It is not remembered for the next that fails.
        Assert.False(X25519Exchange.TakeRefusal());
    }

    private static byte[] PublicKey(byte[] privateKey)
    {
        byte[] publicKey = new byte[X25519.KeyBytes];
        fixed (byte* from = privateKey)
        fixed (byte* to = publicKey)
        {
            X25519.PublicKey(from, to);
        }
        return publicKey;
    }

    private static byte[]? Agree(byte[] privateKey, byte[] peersKey)
    {
        byte[] secret = new byte[X25519.KeyBytes];
        fixed (byte* own = privateKey)
        fixed (byte* peers = peersKey)
        fixed (byte* to = secret)
        {
            return X25519.TryAgree(own, peers, to) ? secret : null;
        }
    }

    /// <summary>EVP_PKEY(3).</summary>
    private sealed class Key(nint handle) : IDisposable
    {
        public nint Handle => handle;

        public string Provider => Marshal.PtrToStringUTF8(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(handle))) ?? "";

        public byte[] PublicKey => Octets("encoded-pub-key");

        public byte[] PrivateKey => Octets("priv");

        public int Bits => EVP_PKEY_get_bits(handle);

        public int SecurityBits => EVP_PKEY_get_security_bits(handle);

        public int Size => EVP_PKEY_get_size(handle);

        public static Key Generate(string query)
        {
            nint context = EVP_PKEY_CTX_new_from_name(0, "X25519", query);
            nint key = 0;
            Assert.Equal(1, EVP_PKEY_keygen_init(context));
            Assert.Equal(1, EVP_PKEY_CTX_set_group_name(context, "X25519"));
            Assert.NotEqual(1, EVP_PKEY_CTX_set_group_name(context, "P-256"));
            Assert.Equal(1, EVP_PKEY_keygen(context, &key));
            EVP_PKEY_CTX_free(context);
            ERR_clear_error();
            return new Key(key);
        }

        /// <summary>As libssl makes what a peer sent to a key: the parameters of its own, the peer's public key.</summary>
        public static Key Blank(Key like, byte[] publicKey)
        {
            Key key = new(EVP_PKEY_new());
            Assert.Equal(1, EVP_PKEY_copy_parameters(key.Handle, like.Handle));
            Assert.True(key.TrySetPublicKey(publicKey));
            return key;
        }

        /// <summary>EVP_PKEY_fromdata(3); null when it is refused.</summary>
        public static Key? Of(string query, byte[]? privateKey, byte[]? publicKey)
        {
            nint context = EVP_PKEY_CTX_new_from_name(0, "X25519", query);
            nint key = 0;
            Assert.Equal(1, EVP_PKEY_fromdata_init(context));
            fixed (byte* privateName = "priv\0"u8)
            fixed (byte* publicName = "pub\0"u8)
            fixed (byte* privateBytes = privateKey)
            fixed (byte* publicBytes = publicKey)
            {
                OsslParameter* parameters = stackalloc OsslParameter[3];
                int count = 0;
                if (privateKey != null)
                {
                    parameters[count++] = OsslParameter.OfOctets(privateName, privateBytes, privateKey.Length);
                }
                if (publicKey != null)
                {
                    parameters[count++] = OsslParameter.OfOctets(publicName, publicBytes, publicKey.Length);
                }
                parameters[count] = default;
                _ = EVP_PKEY_fromdata(context, &key, KeyPair, parameters);
            }
            EVP_PKEY_CTX_free(context);
            ERR_clear_error();
            return key == 0 ? null : new Key(key);
        }

        public bool TrySetPublicKey(byte[] publicKey)
        {
            fixed (byte* bytes = publicKey)
            {
                return EVP_PKEY_set1_encoded_public_key(handle, bytes, (nuint)publicKey.Length) == 1;
            }
        }

        public Key Duplicate() => new(EVP_PKEY_dup(handle));

        /// <summary>Null when it is refused.</summary>
        public byte[]? Agree(Key peer, string query)
        {
            nint context = EVP_PKEY_CTX_new_from_pkey(0, handle, query);
            byte[] secret = new byte[X25519.KeyBytes];
            nuint length = 0;
            bool agreed =
                EVP_PKEY_derive_init(context) == 1
                && EVP_PKEY_derive_set_peer(context, peer.Handle) == 1
                && EVP_PKEY_derive(context, null, &length) == 1
                && length == X25519.KeyBytes;
            fixed (byte* to = secret)
            {
                agreed = agreed && EVP_PKEY_derive(context, to, &length) == 1;
            }
            EVP_PKEY_CTX_free(context);
            ERR_clear_error();
            return agreed ? secret : null;
        }

        public void Dispose() => EVP_PKEY_free(handle);

        private byte[] Octets(string name)
        {
            byte[] bytes = new byte[100];
            nuint length = 0;
            fixed (byte* to = bytes)
            {
                Assert.Equal(1, EVP_PKEY_get_octet_string_param(handle, name, to, (nuint)bytes.Length, &length));
            }
            return bytes[..(int)length];
        }
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint EVP_PKEY_CTX_new_from_name(nint library, string name, string query);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint EVP_PKEY_CTX_new_from_pkey(nint library, nint key, string query);

    [LibraryImport(Library)]
    private static partial void EVP_PKEY_CTX_free(nint context);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_keygen_init(nint context);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int EVP_PKEY_CTX_set_group_name(nint context, string name);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_keygen(nint context, nint* key);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_fromdata_init(nint context);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_fromdata(nint context, nint* key, int selection, OsslParameter* parameters);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_derive_init(nint context);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_derive_set_peer(nint context, nint peer);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_derive(nint context, byte* secret, nuint* length);

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_new();

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_dup(nint key);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_eq(nint one, nint other);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_copy_parameters(nint to, nint from);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_set1_encoded_public_key(nint key, byte* bytes, nuint length);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int EVP_PKEY_get_octet_string_param(nint key, string name, byte* bytes, nuint room, nuint* length);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_get_bits(nint key);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_get_security_bits(nint key);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_get_size(nint key);

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_get0_provider(nint key);

    [LibraryImport(Library)]
    private static partial nint OSSL_PROVIDER_get0_name(nint provider);
}
