using System.Security.Cryptography;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class KeyScheduleTests
{
    [Fact]
    public void The_secrets_of_rfc_8448_come_out()
    {
        byte[] early = Extract([], []);
        Assert.Equal("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a", Hex(early));
        byte[] handshake = Extract(early, Convert.FromHexString("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"));
        Assert.Equal("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac", Hex(handshake));
        Assert.Equal("18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919", Hex(Extract(handshake, [])));

        byte[] server = Convert.FromHexString("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        byte[] key = new byte[16];
        byte[] iv = new byte[12];
        KeySchedule.ExpandLabel(sha384: false, server, "key"u8, key);
        KeySchedule.ExpandLabel(sha384: false, server, "iv"u8, iv);
        Assert.Equal("3fce516009c21727d0f2e4e86ee403bc", Hex(key));
        Assert.Equal("5d313eb2671276ee13000b30", Hex(iv));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_agrees_with_dotnets_hkdf(bool sha384)
    {
        HashAlgorithmName hash = sha384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        Random random = new(11);
        for (int i = 0; i < 500; i++)
        {
            byte[] secret = Bytes(random, KeySchedule.HashBytes(sha384));
            byte[] label = Bytes(random, random.Next(1, 249));
            byte[] context = Bytes(random, random.Next(0, 256));
            byte[] output = new byte[random.Next(1, 400)];

            Assert.True(KeySchedule.TryExpandLabel(sha384, secret, "tls13 "u8, label, context, output));

            byte[] info =
            [
                (byte)(output.Length >> 8),
                (byte)output.Length,
                (byte)(6 + label.Length),
                .. "tls13 "u8,
                .. label,
                (byte)context.Length,
                .. context,
            ];
            Assert.Equal(HKDF.Expand(hash, secret, output.Length, info), output);

            byte[] input = Bytes(random, random.Next(1, 100));
            byte[] next = new byte[secret.Length];
            Assert.True(KeySchedule.TryExtract(sha384, secret, input, "tls13 "u8, "derived"u8, next));
            byte[] salt = new byte[secret.Length];
            byte[] empty = sha384 ? SHA384.HashData([]) : SHA256.HashData([]);
            Assert.True(KeySchedule.TryExpandLabel(sha384, secret, "tls13 "u8, "derived"u8, empty, salt));
            Assert.Equal(HKDF.Extract(hash, input, salt), next);
        }
    }

    /// <summary>RFC 8446 §7.1 over RFC 8448 §3's transcript hashes; the same again by .NET's HKDF, so that neither is trusted alone.</summary>
    [Theory]
    [InlineData(
        "handshake",
        "c hs traffic",
        "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
        "dbfaa693d1762c5b666af5d950258d01",
        "5bd3c71b836e0b76bb73265f"
    )]
    [InlineData(
        "handshake",
        "s hs traffic",
        "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
        "3fce516009c21727d0f2e4e86ee403bc",
        "5d313eb2671276ee13000b30"
    )]
    [InlineData(
        "master",
        "c ap traffic",
        "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
        "17422dda596ed5d9acd890e3c63f5051",
        "5b78923dee08579033e523d9"
    )]
    [InlineData(
        "master",
        "s ap traffic",
        "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
        "9f02283b6c9c07efc26bb9f2ac92e356",
        "cf782b88dd83549aadf1e984"
    )]
    public void The_traffic_keys_of_rfc_8448_come_out(string stage, string label, string secret, string key, string iv)
    {
        bool isMaster = stage == "master";
        byte[] parent = Convert.FromHexString(
            isMaster
                ? "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"
                : "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"
        );
        byte[] transcript = Convert.FromHexString(
            isMaster
                ? "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13"
                : "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8"
        );
        byte[] name = System.Text.Encoding.ASCII.GetBytes(label);
        byte[] traffic = new byte[32];
        Assert.True(KeySchedule.TryExpandLabel(sha384: false, parent, "tls13 "u8, name, transcript, traffic));
        byte[] trafficKey = new byte[16];
        byte[] trafficIv = new byte[12];
        KeySchedule.ExpandLabel(sha384: false, traffic, "key"u8, trafficKey);
        KeySchedule.ExpandLabel(sha384: false, traffic, "iv"u8, trafficIv);

        Assert.Equal((secret, key, iv), (Hex(traffic), Hex(trafficKey), Hex(trafficIv)));
        byte[] info = [0, 32, (byte)(6 + name.Length), .. "tls13 "u8, .. name, 32, .. transcript];
        Assert.Equal(secret, Hex(HKDF.Expand(HashAlgorithmName.SHA256, parent, 32, info)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_first_secret_has_no_salt_and_the_last_no_input(bool sha384)
    {
        HashAlgorithmName hash = sha384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        byte[] zeros = new byte[KeySchedule.HashBytes(sha384)];
        byte[] output = new byte[zeros.Length];

        Assert.True(KeySchedule.TryExtract(sha384, [], [], "tls13 "u8, "derived"u8, output));
        Assert.Equal(HKDF.Extract(hash, zeros, zeros), output);
        byte[] psk = Bytes(new Random(5), zeros.Length);
        Assert.True(KeySchedule.TryExtract(sha384, [], psk, "tls13 "u8, "derived"u8, output));
        Assert.Equal(HKDF.Extract(hash, psk, zeros), output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_longest_of_everything_fits(bool sha384)
    {
        HashAlgorithmName hash = sha384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        Random random = new(6);
        byte[] secret = Bytes(random, 64);
        byte[] label = Bytes(random, 249);
        byte[] context = Bytes(random, 255);
        byte[] output = new byte[255 * KeySchedule.HashBytes(sha384)];

        Assert.True(KeySchedule.TryExpandLabel(sha384, secret, "tls13 "u8, label, context, output));

        byte[] info = [(byte)(output.Length >> 8), (byte)output.Length, 255, .. "tls13 "u8, .. label, 255, .. context];
        Assert.Equal(HKDF.Expand(hash, secret, output.Length, info), output);
    }

    [Fact]
    public void What_the_structures_cannot_hold_is_refused()
    {
        byte[] secret = new byte[32];
        byte[] output = new byte[32];

        Assert.False(KeySchedule.TryExpandLabel(false, secret, "tls13 "u8, new byte[250], [], output));
        Assert.False(KeySchedule.TryExpandLabel(false, secret, "tls13 "u8, "key"u8, new byte[256], output));
        Assert.False(KeySchedule.TryExpandLabel(false, secret, "tls13 "u8, "key"u8, [], new byte[(255 * 32) + 1]));
        Assert.False(KeySchedule.TryExpandLabel(false, new byte[65], "tls13 "u8, "key"u8, [], output));
        Assert.False(KeySchedule.TryExtract(false, secret, [], "tls13 "u8, "derived"u8, new byte[31]));
        Assert.False(KeySchedule.TryExtract(false, secret, [], "tls13 "u8, new byte[250], output));
        Assert.False(KeySchedule.TryExtract(false, new byte[65], [], "tls13 "u8, "derived"u8, output));
        Assert.Equal(new byte[32], output);
        Assert.Throws<InvalidOperationException>(() => KeySchedule.ExpandLabel(false, secret, new byte[250], output));
    }

    [Fact]
    public void A_derivation_allocates_nothing()
    {
        byte[] secret = new byte[32];
        byte[] key = new byte[16];
        KeySchedule.ExpandLabel(sha384: false, secret, "key"u8, key);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            KeySchedule.ExpandLabel(sha384: false, secret, "key"u8, key);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] Extract(byte[] previous, byte[] input)
    {
        byte[] output = new byte[32];
        Assert.True(KeySchedule.TryExtract(sha384: false, previous, input, "tls13 "u8, "derived"u8, output));
        return output;
    }

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
