using System.Net;
using System.Text;
using CsCheck;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Fuzz;
using TlsGateway.Tests;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.ProxyProtocol;

public sealed class ProxyHeaderTests
{
    private static readonly Gen<InetEndPoint> EndPoint =
        from isIPv4 in Gen.Bool
        from bytes in Gen.Byte.Array[isIPv4 ? 4 : 16]
        from port in Gen.Int[0, 65535]
        select InetEndPoint.From(new IPAddress(bytes), port);

    private static readonly Gen<string> Text = Gen.Char['!', '~'].Array[0, 100].Select(static chars => new string(chars));

    private static readonly Gen<ProxyHeader> Header =
        from source in EndPoint
        from destination in EndPoint
        from isLocal in Gen.Int[0, 9]
        from alpn in Text
        from authority in Text
        from unique in Gen.Byte.Array[0, 60]
        from hasTls in Gen.Bool
        from version in Text
        from cipher in Text
        from name in Text
        from hasCertificate in Gen.Bool
        from signature in Text
        from key in Text
        select new ProxyHeader
        {
            IsLocal = isLocal == 0,
            Source = isLocal == 0 ? null : source,
            Destination = isLocal == 0 ? null : destination,
            ApplicationProtocol = alpn,
            Authority = authority,
            UniqueId = Encoding.Latin1.GetString(unique),
            Tls = hasTls
                ? new ProxyTls(version, cipher, hasCertificate, name) { CertificateSignature = signature, CertificateKey = key }
                : null,
        };

    [Fact]
    public void Version_2_reads_back_as_it_was_written_and_no_part_of_it_is_enough()
    {
        Seeded.ForAll(
            Header,
            1_000,
            seed: 61,
            header =>
            {
                var bytes = new byte[ProxyHeaderWriter.MaxBytes];
                var written = ProxyHeaderWriter.WriteVersion2(header, bytes);
                byte[] wire = [.. bytes.AsSpan(0, written), 22, 3, 1];
                Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeaderReader.Read(wire, out var read, out var length, out _));
                Assert.Equal(written, length);
                Assert.Equal(header, read);
                foreach (var part in (int[])[0, 1, 11, 12, 15, 16, written / 2, written - 1])
                    Assert.Equal(ProxyHeaderStatus.NeedMore, ProxyHeaderReader.Read(wire.AsSpan(0, part), out _, out _, out _));
            }
        );
    }

    [Fact]
    public void A_bit_that_fell_over_is_noticed()
    {
        Seeded.ForAll(
            Gen.Select(Header, Gen.Int[0, 1 << 20], Gen.Int[0, 7]),
            2_000,
            seed: 62,
            input =>
            {
                var (header, at, bit) = input;
                var bytes = new byte[ProxyHeaderWriter.MaxBytes];
                var written = ProxyHeaderWriter.WriteVersion2(header, bytes);
                // Signature, command, family and length say what the rest is; all that is behind them is under the checksum.
                var index = 16 + (at % (written - 16));
                bytes[index] ^= (byte)(1 << bit);
                var status = ProxyHeaderReader.Read(bytes.AsSpan(0, written), out _, out _, out _);
                // A type that is changed can hide the checksum itself.
                if (index < written - 7 || index >= written - 4)
                    Assert.Equal(ProxyHeaderStatus.Malformed, status);
            }
        );
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", "192.0.2.1:56324", "198.51.100.2:443")]
    [InlineData("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", "[2001:db8::1]:1", "[2001:db8::2]:65535")]
    [InlineData("PROXY UNKNOWN\r\n", null, null)]
    [InlineData("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", null, null)]
    public void Version_1_is_read(string line, string? source, string? destination)
    {
        var wire = Encoding.ASCII.GetBytes(line + "GET");
        Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeaderReader.Read(wire, out var header, out var length, out _));
        Assert.Equal(line.Length, length);
        Assert.Equal((source, destination), (header!.Source?.ToString(), header.Destination?.ToString()));
        for (var part = 0; part < line.Length; part++)
            Assert.Equal(ProxyHeaderStatus.NeedMore, ProxyHeaderReader.Read(wire.AsSpan(0, part), out _, out _, out _));
    }

    [Theory]
    [InlineData("192.0.2.1", "198.51.100.2", "PROXY TCP4 192.0.2.1 198.51.100.2 7 8\r\n")]
    [InlineData("2001:db8::1", "2001:db8::2", "PROXY TCP6 2001:db8::1 2001:db8::2 7 8\r\n")]
    [InlineData("192.0.2.1", "2001:db8::2", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 7 8\r\n")]
    public void Version_1_is_written(string source, string destination, string line)
    {
        var header = new ProxyHeader
        {
            Source = InetEndPoint.From(IPAddress.Parse(source), 7),
            Destination = InetEndPoint.From(IPAddress.Parse(destination), 8),
        };
        var bytes = new byte[ProxyHeaderWriter.MaxBytes];
        Assert.Equal(line, Encoding.ASCII.GetString(bytes, 0, ProxyHeaderWriter.WriteVersion1(header, bytes)));
        Assert.Equal("PROXY UNKNOWN\r\n", Encoding.ASCII.GetString(bytes, 0, ProxyHeaderWriter.WriteVersion1(new ProxyHeader(), bytes)));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXYTCP4")]
    [InlineData("PROXY TCP5 192.0.2.1 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n")]
    [InlineData("PROXY TCP6 fe80::1%1 2001:db8::2 1 2\r\n")]
    [InlineData("PROXY  TCP4 192.0.2.1 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1 2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("\u0016\u0003\u0001")]
    [InlineData("\r\n\r\n\0\r\nQUIX")]
    public void What_is_no_header_is_said(string text)
    {
        Assert.Equal(ProxyHeaderStatus.Malformed, ProxyHeaderReader.Read(Encoding.Latin1.GetBytes(text), out _, out _, out var problem));
        Assert.StartsWith("it", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x11, 0x11, 12, "version and command")]
    [InlineData(0x22, 0x11, 12, "version and command")]
    [InlineData(0x21, 0x11, 11, "ends within its addresses")]
    [InlineData(0x21, 0x11, 14, "ends within a TLV")]
    [InlineData(0x21, 0x11, 4096, "more than 4096")]
    public void A_binary_header_that_contradicts_itself_is_said(int command, int family, int length, string part)
    {
        byte[] wire = [.. "\r\n\r\n\0\r\nQUIT\n"u8, (byte)command, (byte)family, (byte)(length >> 8), (byte)length, .. new byte[length]];
        Assert.Equal(ProxyHeaderStatus.Malformed, ProxyHeaderReader.Read(wire, out _, out _, out var problem));
        Assert.Contains(part, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void No_bytes_make_it_throw_or_take_more_than_there_are()
    {
        var start = Gen.Int[0, 4]
            .Select(static i =>
                (byte[])
                    [
                        .. i switch
                        {
                            0 => "PROXY "u8.ToArray(),
                            1 => "PROXY TCP4 1.2.3.4 "u8.ToArray(),
                            2 => [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, 60],
                            3 => [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x21, 0, 90],
                            _ => [],
                        },
                    ]
            );
        Seeded.ForAll(
            Gen.Select(start, Gen.Byte.Array[0, 120]),
            50_000,
            seed: 63,
            input =>
            {
                byte[] wire = [.. input.Item1, .. input.Item2];
                _ = ProxyHeaderTarget.Run(wire);
            }
        );
    }

    /// <summary>Headers of other senders, each cut and each with a byte changed: what the fuzzer begins with.</summary>
    [Fact]
    public void The_corpus_is_read_and_no_change_of_a_byte_breaks_the_reader()
    {
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Fuzz", "proxy-header"));
        Assert.Equal(11, files.Length);
        foreach (var file in files)
        {
            var header = File.ReadAllBytes(file);
            Assert.True(ProxyHeaderTarget.Run(header) == ProxyHeaderStatus.Complete, file);
            for (var length = 0; length < header.Length; length++)
                Assert.True(ProxyHeaderTarget.Run(header.AsSpan(0, length)) == ProxyHeaderStatus.NeedMore, $"{length} bytes of {file}");
            for (var at = 0; at < header.Length; at++)
            {
                foreach (var change in (byte[])[1, 0x80, 0xff])
                {
                    header[at] ^= change;
                    _ = ProxyHeaderTarget.Run(header);
                    header[at] ^= change;
                }
            }
        }
    }
}
