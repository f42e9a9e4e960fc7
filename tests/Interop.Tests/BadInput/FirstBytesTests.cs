using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.BadInput;

/// <summary>What comes instead of a ClientHello, or as a bad one.</summary>
public sealed class FirstBytesTests : MisbehaviourTests
{
    [Fact]
    public Task Plain_HTTP_gets_a_complete_400_and_the_end() =>
        EndsAsync(
            CloseReason.PlainHttp,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                SendAll(socket, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
                var answer = Encoding.ASCII.GetString(ReceiveToEnd(socket));
                Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
                var headerEnd = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                var length = answer[..headerEnd]
                    .Split("\r\n")
                    .Single(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                    .Split(':')[1];
                Assert.Equal(int.Parse(length, CultureInfo.InvariantCulture), answer.Length - headerEnd - 4);
            }
        );

    [Fact]
    public Task Plain_HTTP_in_pieces_is_told_as_well() =>
        EndsAsync(
            CloseReason.PlainHttp,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                foreach (var b in "DELETE "u8.ToArray())
                    SendAll(socket, [b]);
                Assert.StartsWith("HTTP/1.1 400 ", Encoding.ASCII.GetString(ReceiveToEnd(socket)), StringComparison.Ordinal);
            }
        );

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public Task Random_bytes_are_not_TLS(int seed) =>
        EndsAsync(
            CloseReason.NotTls,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                SendAll(socket, Seeded.Bytes(seed, 2000));
                Assert.Empty(ReceiveToEnd(socket));
            }
        );

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public Task Random_bytes_behind_the_start_of_a_ClientHello_are_a_malformed_one(int seed) =>
        EndsAsync(
            CloseReason.MalformedClientHello,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                // A whole record of 500 bytes, a ClientHello of 496.
                SendAll(socket, [HandshakeRecord, 3, 1, 1, 0xf4, 1, 0, 1, 0xf0, .. Seeded.Bytes(seed, 496)]);
                Assert.Equal(AlertRecord, ReceiveToEnd(socket)[0]);
            }
        );

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public Task A_ClientHello_in_segments_of_one_byte_is_a_ClientHello(TlsVersion version) =>
        EndsAsync(
            CloseReason.Completed,
            gateway =>
            {
                using var client = EngineClient.Connect(gateway, version);
                Assert.Equal(TlsStatus.WantRead, client.Session.Handshake());
                while (!client.Session.TxPending.IsEmpty)
                {
                    Assert.Equal(1, client.Socket.Send(client.Session.TxPending[..1]));
                    client.Session.TxConsume(1);
                }

                client.Handshake();
                client.AssertEchoes("byte by byte");
                client.CloseCleanly();
            }
        );

    [Fact]
    public Task A_first_record_of_impossible_length_is_not_TLS() =>
        EndsAsync(
            CloseReason.NotTls,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                SendAll(socket, [HandshakeRecord, 3, 1, 0xff, 0xff, 1, 0, 0, 0]);
                _ = ReceiveToEnd(socket);
            }
        );

    [Fact]
    public Task A_client_that_says_nothing_is_ended_by_the_handshake_timeout() =>
        EndsAsync(
            CloseReason.HandshakeTimeout,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                Assert.Empty(ReceiveToEnd(socket));
            },
            ShortHandshake
        );

    [Fact]
    public Task A_client_that_drips_its_ClientHello_is_ended_by_the_same_handshake_timeout() =>
        EndsAsync(
            CloseReason.HandshakeTimeout,
            gateway =>
            {
                const int MicrosBetweenBytes = 20_000;
                using var socket = EngineClient.ConnectSocket(gateway);
                // Repeated when it runs out: on a machine that is slow enough the hello is whole and then followed by more of it, but never answered to.
                var hello = EngineClient.ClientHello();
                for (var i = 0; i < hello.Length - 1 && !socket.Poll(MicrosBetweenBytes, SelectMode.SelectRead); i++)
                    SendAll(socket, hello.AsSpan(i, 1));
                Assert.Empty(ReceiveToEnd(socket));
            },
            ShortHandshake
        );

    [Fact]
    public Task A_client_that_connects_and_closes_has_closed_before_its_hello() =>
        EndsAsync(CloseReason.ClientClosedBeforeHello, gateway => EngineClient.ConnectSocket(gateway).Dispose());

    [Fact]
    public Task Half_a_ClientHello_and_the_end_is_a_close_in_the_handshake() =>
        EndsAsync(
            CloseReason.ClientClosedInHandshake,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                var hello = EngineClient.ClientHello();
                SendAll(socket, hello.AsSpan(0, hello.Length / 2));
                socket.Shutdown(SocketShutdown.Send);
                _ = ReceiveToEnd(socket);
            }
        );

    [Fact]
    public Task A_TLS_1_0_client_gets_the_alert_protocol_version() =>
        EndsAsync(
            CloseReason.NoCommonVersion,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                SendAll(socket, Tls10Hello());
                // RFC 8446 §6.2: level fatal (2), protocol_version (70).
                Assert.Equal([2, 70], ReceiveToEnd(socket)[^2..]);
            }
        );

    [Fact]
    public Task An_SSLv2_hello_is_not_TLS() =>
        EndsAsync(
            CloseReason.NotTls,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                // Length with the high bit, CLIENT-HELLO, version 2, one cipher of 3 bytes, no session, a challenge of 16.
                SendAll(socket, [0x80, 28, 1, 0, 2, 0, 3, 0, 0, 0, 16, 1, 0, 0x80, .. Seeded.Bytes(1, 16)]);
                _ = ReceiveToEnd(socket);
            }
        );

    [Fact]
    public Task A_handshake_over_its_byte_limit_ends() =>
        EndsAsync(
            CloseReason.LimitExceeded,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                // A ClientHello that says 16,000 bytes, in fragments of 100: only the limit stands against it.
                SendAll(socket, [HandshakeRecord, 3, 1, 0, 4, 1, 0, 0x3e, 0x80]);
                var fragment = new byte[105];
                ((ReadOnlySpan<byte>)[HandshakeRecord, 3, 1, 0, 100]).CopyTo(fragment);
                for (var i = 0; i < 50; i++)
                    SendAll(socket, fragment);
                _ = ReceiveToEnd(socket);
            },
            listener => listener with { Tls = listener.Tls with { Limits = new TlsLimits { MaxHandshakeBytes = 2048 } } }
        );

    [Fact]
    public Task A_handshake_message_without_end_ends() =>
        EndsAsync(
            CloseReason.LimitExceeded,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                // A ClientHello that says 16 MiB.
                SendAll(socket, [HandshakeRecord, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]);
                var fragment = new byte[5 + 16384];
                ((ReadOnlySpan<byte>)[HandshakeRecord, 3, 1, 0x40, 0]).CopyTo(fragment);
                for (var i = 0; i < 20; i++)
                    SendAll(socket, fragment);
                Assert.Equal(AlertRecord, ReceiveToEnd(socket)[0]);
            }
        );

    [Fact]
    public Task An_extension_that_comes_twice_gets_illegal_parameter() =>
        EndsAsync(
            CloseReason.MalformedClientHello,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                SendAll(socket, Hello([0, 23, 0, 0, 0, 23, 0, 0]));
                Assert.Equal([AlertRecord, 3, 3, 0, 2, 2, 47], ReceiveToEnd(socket));
            }
        );

    [Fact]
    public Task A_ClientHello_that_another_message_interrupts_gets_unexpected_message() =>
        EndsAsync(
            CloseReason.MalformedClientHello,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                var hello = Hello([0, 23, 0, 0]);
                SendAll(socket, [HandshakeRecord, 3, 1, 0, 20, .. hello.AsSpan(5, 20), AlertRecord, 3, 3, 0, 2, 1, 0]);
                SendAll(socket, new byte[100]);
                Assert.Equal([AlertRecord, 3, 3, 0, 2, 2, 10], ReceiveToEnd(socket));
            }
        );

    [Theory]
    [InlineData(200)]
    [InlineData(1)]
    public Task A_ClientHello_may_come_in_several_records(int fragmentBytes) =>
        EndsAsync(
            CloseReason.Completed,
            gateway =>
            {
                using var client = EngineClient.Connect(gateway, TlsVersion.Tls13);
                Assert.Equal(TlsStatus.WantRead, client.Session.Handshake());
                var message = client.Session.TxPending[5..].ToArray();
                client.Session.TxConsume(client.Session.TxPending.Length);
                foreach (var fragment in message.Chunk(fragmentBytes))
                    client.Socket.Send([HandshakeRecord, 3, 1, 0, (byte)fragment.Length, .. fragment]);
                client.Handshake();
                client.AssertEchoes("in small records");
                client.CloseCleanly();
            }
        );

    [Fact]
    public Task A_long_ClientHello_in_records_of_one_byte_is_not_waited_for() =>
        EndsAsync(
            CloseReason.LimitExceeded,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                // Half of what it says.
                byte[] message = [1, 0, 0x40, 0, .. new byte[0x2000]];
                SendAll(socket, [.. message.SelectMany(static b => (byte[])[HandshakeRecord, 3, 1, 0, 1, b])]);
                Assert.Equal(AlertRecord, ReceiveToEnd(socket)[0]);
            }
        );

    /// <summary>A TLS 1.2 ClientHello with these extensions, in one record.</summary>
    private static byte[] Hello(byte[] extensions)
    {
        byte[] body = [3, 3, .. Seeded.Bytes(12, 32), 0, 0, 2, 0xc0, 0x2b, 1, 0, 0, (byte)extensions.Length, .. extensions];
        return [HandshakeRecord, 3, 1, 0, (byte)(body.Length + 4), 1, 0, 0, (byte)body.Length, .. body];
    }

    /// <summary>A TLS 1.0 ClientHello without extensions: ECDHE-ECDSA with AES-CBC, no compression.</summary>
    private static byte[] Tls10Hello() =>
        [HandshakeRecord, 3, 1, 0, 49, 1, 0, 0, 45, 3, 1, .. Seeded.Bytes(10, 32), 0, 0, 6, 0xc0, 0x09, 0xc0, 0x0a, 0x00, 0xff, 1, 0];
}
