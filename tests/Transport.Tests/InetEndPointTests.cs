using System.Net;
using System.Runtime.CompilerServices;
using CsCheck;
using SocketAddress = TlsGateway.Transport.Native.SocketAddress;

namespace TlsGateway.Transport.Tests;

public sealed class InetEndPointTests
{
    [Theory]
    [InlineData("0.0.0.0", 0, "0.0.0.0:0")]
    [InlineData("192.0.2.1", 65535, "192.0.2.1:65535")]
    [InlineData("255.255.255.255", 80, "255.255.255.255:80")]
    [InlineData("::", 443, "[::]:443")]
    [InlineData("::1", 80, "[::1]:80")]
    [InlineData("1::", 80, "[1::]:80")]
    [InlineData("2001:db8::1", 80, "[2001:db8::1]:80")]
    [InlineData("2001:db8:0:0:1:0:0:1", 80, "[2001:db8::1:0:0:1]:80")]
    [InlineData("2001:0:0:1:0:0:0:1", 80, "[2001:0:0:1::1]:80")]
    [InlineData("2001:db8:0:1:1:1:1:1", 80, "[2001:db8:0:1:1:1:1:1]:80")]
    [InlineData("1:2:3:4:5:6:7:0", 80, "[1:2:3:4:5:6:7:0]:80")]
    [InlineData("1:2:3:4:5:6:0:0", 80, "[1:2:3:4:5:6::]:80")]
    [InlineData("fe80::1%7", 80, "[fe80::1%7]:80")]
    [InlineData("::ffff:192.0.2.1", 80, "192.0.2.1:80")]
    public void Text_is_as_in_RFC_5952(string address, int port, string text)
    {
        Assert.Equal(text, InetEndPoint.From(IPAddress.Parse(address), port).ToString());
    }

    [Fact]
    public void The_longest_text_fits_the_stated_length()
    {
        var address = new IPAddress(Enumerable.Repeat((byte)0xff, 16).ToArray(), uint.MaxValue);
        string text = InetEndPoint.From(address, 65535).ToString();
        Assert.Equal("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535", text);
        Assert.Equal(InetEndPoint.MaxTextLength, text.Length);
    }

    [Fact]
    public void Every_shorter_destination_is_refused_and_nothing_written_behind_it()
    {
        foreach (string address in (string[])["192.0.2.1", "2001:db8::17%3"])
        {
            var endPoint = InetEndPoint.From(IPAddress.Parse(address), 8443);
            string text = endPoint.ToString();
            for (int length = 0; length <= text.Length; length++)
            {
                char[] buffer = new char[text.Length];
                bool fits = endPoint.TryFormat(buffer.AsSpan(0, length), out int written);
                Assert.Equal(length == text.Length, fits);
                Assert.Equal(fits ? length : 0, written);
                Assert.All(buffer[length..], character => Assert.Equal('\0', character));
            }
        }
    }

    [Fact]
    public void Any_address_survives_the_way_to_and_from_IPEndPoint_and_sockaddr()
    {
        Gen<IPAddress> four = Gen.Byte.Array[4].Select(bytes => new IPAddress(bytes));
        Gen<IPAddress> six = Gen.Select(
            Gen.OneOf(Gen.Byte, Gen.Const((byte)0)).Array[16],
            Gen.UInt,
            (bytes, scope) => new IPAddress(bytes, scope)
        );
        TlsGateway.Tests.Seeded.ForAll(
            Gen.Select(Gen.OneOf(four, six), Gen.Int[0, 65535]),
            iterations: 1000,
            seed: 3,
            input =>
            {
                var (address, port) = input;
                var endPoint = InetEndPoint.From(address, port);
                var expected = new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
                Assert.Equal(expected, endPoint.ToIPEndPoint());
                Assert.Equal(endPoint, ThroughSocketAddress(endPoint));
                Assert.Equal(endPoint, InetEndPoint.From(IPEndPoint.Parse(endPoint.ToString())));
            }
        );
    }

    [Fact]
    public void Equality_is_of_address_scope_port_and_family()
    {
        InetEndPoint[] all =
        [
            default,
            InetEndPoint.From(IPAddress.IPv6Any, 0),
            InetEndPoint.From(IPAddress.Loopback, 0),
            InetEndPoint.From(IPAddress.Loopback, 1),
            InetEndPoint.From(IPAddress.IPv6Loopback, 1),
            InetEndPoint.From(IPAddress.Parse("fe80::1%1"), 1),
            InetEndPoint.From(IPAddress.Parse("fe80::1%2"), 1),
        ];
        for (int i = 0; i < all.Length; i++)
        {
            for (int j = 0; j < all.Length; j++)
            {
                Assert.Equal(i == j, all[i] == all[j]);
                Assert.Equal(i != j, all[i] != all[j]);
                Assert.Equal(i == j, all[i].Equals((object)all[j]));
            }
        }

        var mapped = InetEndPoint.From(IPAddress.Loopback.MapToIPv6(), 1);
        Assert.Equal(all[3], mapped);
        Assert.Equal(all[3].GetHashCode(), mapped.GetHashCode());
        Assert.True(mapped.IsIPv4);
        Assert.Equal(all[3], all[2].WithPort(1));
    }

    [Fact]
    public void The_default_is_any_IPv4_address()
    {
        Assert.Equal("0.0.0.0:0", default(InetEndPoint).ToString());
        Assert.True(default(InetEndPoint).IsIPv4);
        Assert.True(default(InetEndPoint).IsAny);
    }

    [Fact]
    public void The_value_is_small()
    {
        Assert.InRange(Unsafe.SizeOf<InetEndPoint>(), 1, 28);
    }

    [Fact]
    public unsafe void A_sockaddr_of_another_family_or_too_short_reads_as_nothing()
    {
        byte* address = stackalloc byte[SocketAddress.MaxBytes];
        uint length = SocketAddress.Write(InetEndPoint.From(IPAddress.IPv6Loopback, 80), address);
        Assert.Equal(28u, length);
        Assert.Equal(default, SocketAddress.Read(address, length - 1));
        Assert.Equal(default, SocketAddress.Read(address, 2));
        address[0] = 1; // AF_UNIX
        Assert.Equal(default, SocketAddress.Read(address, length));
    }

    private static unsafe InetEndPoint ThroughSocketAddress(InetEndPoint endPoint)
    {
        byte* address = stackalloc byte[SocketAddress.MaxBytes];
        uint length = SocketAddress.Write(endPoint, address);
        return SocketAddress.Read(address, length);
    }
}
