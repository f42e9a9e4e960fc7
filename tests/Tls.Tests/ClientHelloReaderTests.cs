using System.Buffers.Binary;
using System.Text;
using TlsGateway.Tls.Hello;

namespace TlsGateway.Tls.Tests;

public sealed class ClientHelloReaderTests
{
    /// <summary>The example of the JA4 specification: a Chrome on TLS 1.3.</summary>
    private const string ChromeJa4 = "t13d1516h2_8daaf6152771_e5627efa2ab1";

    private static readonly byte[] Chrome = new HelloWriter
    {
        Suites =
        [
            0x0a0a,
            0x1301,
            0x1302,
            0x1303,
            0xc02b,
            0xc02f,
            0xc02c,
            0xc030,
            0xcca9,
            0xcca8,
            0xc013,
            0xc014,
            0x009c,
            0x009d,
            0x002f,
            0x0035,
        ],
    }
        .Extension(0x2a2a)
        .ServerName("WWW.Example.test.")
        .Extension(0x0017)
        .Extension(0xff01, 0)
        .Numbers16(0x000a, 0x6a6a, 0x001d, 0x0017, 0x0018)
        .Extension(0x000b, 1, 0)
        .Extension(0x0023)
        .Protocols("h2", "http/1.1")
        .Extension(0x0005, 1, 0, 0, 0, 0)
        .Numbers16(0x000d, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
        .Extension(0x0012)
        .Extension(0x0033, 0, 10, 0x0a, 0x0a, 0, 1, 0, 0, 0x1d, 0, 1, 9)
        .Extension(0x002d, 1, 1)
        .Extension(0x002b, 6, 0x1a, 0x1a, 3, 4, 3, 3)
        .Extension(0x001b, 2, 0, 2)
        .Extension(0x4469, 0, 3, 2, 0x68, 0x32)
        .Extension(0x0015, 0, 0)
        .ToRecord();

    [Fact]
    public void What_a_client_asks_for_is_read()
    {
        Assert.Equal(ClientHelloStatus.Complete, ClientHelloReader.Read(Chrome, out ClientHello? hello));

        Assert.Equal("www.example.test", hello!.ServerName);
        Assert.Equal(["h2", "http/1.1"], hello.ApplicationProtocols);
        Assert.Equal(0x0304, hello.HighestVersion);
        Assert.Equal([0x6a6a, 0x001d, 0x0017, 0x0018], hello.SupportedGroups);
        Assert.Equal([0x0a0a, 0x001d], hello.KeyShareGroups);
        Assert.Equal(0x0403, hello.SignatureAlgorithms[0]);
        Assert.Equal(16, hello.CipherSuites.Count);
        Assert.False(hello.OffersResumption);
        Assert.False(hello.OffersEarlyData);
    }

    [Fact]
    public void The_fingerprint_is_the_one_of_the_specification()
    {
        ClientHelloReader.Read(Chrome, out ClientHello? hello);

        Assert.Equal(ChromeJa4, ClientFingerprint.Ja4(hello!));
    }

    [Fact]
    public void Ja3_is_the_digest_of_its_own_text()
    {
        // Salesforce's example: 769,47–53–5–10–49161–49162–49171–49172–50–56–19–4,0–10–11,23–24–25,0.
        byte[] record = new HelloWriter { Version = 769, Suites = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4] }
            .ServerName("a")
            .Numbers16(10, 23, 24, 25)
            .Extension(11, 1, 0)
            .ToRecord();

        ClientHelloReader.Read(record, out ClientHello? hello);

        Assert.Equal("ada70206e40642a3e4461f35503241d5", ClientFingerprint.Ja3(hello!));
    }

    [Fact]
    public void A_hello_without_extensions_is_one_of_tls12()
    {
        byte[] record = new HelloWriter { Suites = [0x002f], HasExtensions = false }.ToRecord();

        Assert.Equal(ClientHelloStatus.Complete, ClientHelloReader.Read(record, out ClientHello? hello));

        Assert.Equal(0x0303, hello!.HighestVersion);
        Assert.StartsWith("t12i010000_", ClientFingerprint.Ja4(hello), StringComparison.Ordinal);
        Assert.EndsWith("_000000000000", ClientFingerprint.Ja4(hello), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_shorter_start_needs_more()
    {
        for (int length = 0; length < Chrome.Length; length++)
        {
            Assert.Equal(ClientHelloStatus.NeedMore, ClientHelloReader.Read(Chrome.AsSpan(0, length), out _));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(100)]
    public void It_may_be_cut_into_records_of_any_size(int size)
    {
        List<byte> cut = [];
        foreach (byte[] fragment in Chrome.Skip(5).Chunk(size))
        {
            cut.AddRange([22, 3, 1, 0, (byte)fragment.Length, .. fragment]);
        }
        // What follows the hello is not looked at.
        cut.AddRange("more"u8);

        Assert.Equal(ClientHelloStatus.Complete, ClientHelloReader.Read(cut.ToArray(), out ClientHello? hello));

        Assert.Equal(ChromeJa4, ClientFingerprint.Ja4(hello!));
        Assert.Equal(ClientHelloStatus.NeedMore, ClientHelloReader.Read(cut.ToArray().AsSpan(0, cut.Count - 5), out _));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("\u0016\u0002\u0001\u0000\u0005")]
    [InlineData("\u0017\u0003\u0003\u0000\u0005")]
    [InlineData("\u0016\u0003\u0001\u0000\u0004\u0002\u0000\u0000\u0000")]
    public void What_is_no_ClientHello_is_told_apart(string bytes) =>
        Assert.Equal(ClientHelloStatus.NotAClientHello, ClientHelloReader.Read(Encoding.Latin1.GetBytes(bytes), out _));

    [Fact]
    public void Too_long_is_known_from_the_first_bytes() =>
        Assert.Equal(ClientHelloStatus.TooLong, ClientHelloReader.Read([22, 3, 1, 0x40, 0, 1, 1, 0, 0], out _));

    [Fact]
    public void An_extension_twice_is_refused()
    {
        byte[] record = new HelloWriter { Suites = [0x1301] }
            .ServerName("a")
            .ServerName("b")
            .ToRecord();

        Assert.Equal(ClientHelloStatus.DuplicateExtension, ClientHelloReader.Read(record, out _));
    }

    public static TheoryData<string, byte[]> Contradictions =>
        new()
        {
            { "an empty fragment", [22, 3, 1, 0, 0] },
            { "a fragment over 2^14", [22, 3, 1, 0x40, 1] },
            { "no suites", new HelloWriter { Suites = [] }.ToRecord() },
            { "an empty name", Hello(0, 0, 3, 0, 0, 0) },
            { "a name with a zero", Hello(0, 0, 4, 0, 0, 1, 0) },
            { "an unknown kind of name", Hello(0, 0, 4, 7, 0, 1, 97) },
            { "two names", Hello(0, 0, 8, 0, 0, 1, 97, 0, 0, 1, 98) },
            { "a list longer than its extension", Hello(10, 0, 4, 0, 23) },
            { "a list shorter than its extension", Hello(10, 0, 2, 0, 23, 0) },
            { "half a group", Hello(10, 0, 3, 0, 23, 0) },
            { "no protocol", Hello(16, 0, 0) },
            { "a protocol without a name", Hello(16, 0, 1, 0) },
            { "a key share without a key", Hello(51, 0, 4, 0, 29, 0, 0) },
            { "half a version", Hello(43, 1, 3) },
            {
                "more than its extensions",
                [
                    .. Longer(
                        new HelloWriter { Suites = [0x1301] }
                            .ServerName("a")
                            .ToRecord()
                    ),
                ]
            },
        };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void What_contradicts_itself_is_malformed(string what, byte[] record) =>
        Assert.True(ClientHelloReader.Read(record, out _) == ClientHelloStatus.Malformed, what);

    [Fact]
    public void Whatever_bytes_come_there_is_an_answer()
    {
        Random random = new(29);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = (byte[])Chrome.Clone();
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            ClientHelloStatus status = ClientHelloReader.Read(bytes.AsSpan(0, random.Next(bytes.Length + 1)), out ClientHello? hello);
            Assert.Equal(status == ClientHelloStatus.Complete, hello is not null);
            if (hello is not null)
            {
                Assert.Equal(36, ClientFingerprint.Ja4(hello).Length);
                Assert.Equal(32, ClientFingerprint.Ja3(hello).Length);
            }
        }
    }

    [Fact]
    public void The_hellos_of_the_engine_are_read()
    {
        using var context = SessionPair.ClientContext(serverName: "name.test", protocols: ["h2"]);
        using TestPool pool = new();
        using ITlsSession client = context.CreateSession(pool);
        client.Handshake();

        Assert.Equal(ClientHelloStatus.Complete, ClientHelloReader.Read(client.TxPending, out ClientHello? hello));

        Assert.Equal("name.test", hello!.ServerName);
        Assert.Equal(["h2"], hello.ApplicationProtocols);
        Assert.Equal(0x0304, hello.HighestVersion);
        Assert.StartsWith("t13d", ClientFingerprint.Ja4(hello), StringComparison.Ordinal);
    }

    private static byte[] Hello(ushort extension, params byte[] content) =>
        new HelloWriter { Suites = [0x1301] }
            .Extension(extension, content)
            .ToRecord();

    /// <summary>One byte more in the message than its lists account for.</summary>
    private static byte[] Longer(byte[] record)
    {
        byte[] longer = [.. record, 0];
        BinaryPrimitives.WriteUInt16BigEndian(longer.AsSpan(3), (ushort)(longer.Length - 5));
        BinaryPrimitives.WriteUInt16BigEndian(longer.AsSpan(7), (ushort)(longer.Length - 9));
        return longer;
    }

    private sealed class HelloWriter
    {
        private readonly List<byte> _extensions = [];

        public ushort Version { get; init; } = 0x0303;

        public ushort[] Suites { get; init; } = [];

        public bool HasExtensions { get; init; } = true;

        public HelloWriter Extension(ushort type, params byte[] content)
        {
            _extensions.AddRange([.. Two(type), .. Two(content.Length), .. content]);
            return this;
        }

        public HelloWriter ServerName(string name) =>
            Extension(0, [.. Two(name.Length + 3), 0, .. Two(name.Length), .. Encoding.ASCII.GetBytes(name)]);

        public HelloWriter Numbers16(ushort type, params ushort[] values) =>
            Extension(type, [.. Two(values.Length * 2), .. values.SelectMany(v => Two(v))]);

        public HelloWriter Protocols(params string[] names)
        {
            byte[] list = [.. names.SelectMany(n => (byte[])[(byte)n.Length, .. Encoding.ASCII.GetBytes(n)])];
            return Extension(16, [.. Two(list.Length), .. list]);
        }

        public byte[] ToRecord()
        {
            byte[] suites = [.. Suites.SelectMany(s => Two(s))];
            byte[] body = [.. Two(Version), .. new byte[32], 0, .. Two(suites.Length), .. suites, 1, 0];
            if (HasExtensions)
            {
                body = [.. body, .. Two(_extensions.Count), .. _extensions];
            }
            byte[] message = [1, 0, .. Two(body.Length), .. body];
            return [22, 3, 1, .. Two(message.Length), .. message];
        }

        private static byte[] Two(int value) => [(byte)(value >> 8), (byte)value];
    }
}
