using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests;

/// <summary>What clients get wrong, by mistake or on purpose: each ends with its own reason, gives back all it took, and nobody else notices.</summary>
public sealed class BadInputTests : IDisposable
{
    private const byte AlertRecord = 21;
    private const byte HandshakeRecord = 22;
    private const byte ApplicationDataRecord = 23;

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

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
    public Task Random_bytes_behind_the_start_of_a_ClientHello_violate_the_protocol(int seed) =>
        EndsAsync(
            CloseReason.ProtocolViolation,
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
    public Task An_oversized_record_in_the_handshake_gets_record_overflow() =>
        EndsAsync(
            CloseReason.ProtocolViolation,
            gateway =>
            {
                using var client = EngineClient.Connect(gateway, TlsVersion.Tls12);
                _ = client.Session.Handshake();
                client.Flush();
                SendAll(client.Socket, [HandshakeRecord, 3, 3, 0xff, 0xff, 16, 0, 0, 0]);
                Assert.Equal(TlsStatus.Error, HandshakeToEnd(client));
                Assert.Equal((TlsFailureKind.PeerAlert, 22), (client.Session.Failure.Kind, client.Session.Failure.Alert));
            }
        );

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public Task An_oversized_record_after_the_handshake_gets_record_overflow(TlsVersion version) =>
        EndsAsync(
            CloseReason.ProtocolViolation,
            gateway =>
            {
                using var client = EngineClient.Open(gateway, version);
                client.AssertEchoes("first a good one");
                SendAll(client.Socket, [ApplicationDataRecord, 3, 3, 0xff, 0xff, 0, 0, 0, 0]);
                Assert.Equal(TlsStatus.Error, client.ReadToEnd());
                Assert.Equal((TlsFailureKind.PeerAlert, 22), (client.Session.Failure.Kind, client.Session.Failure.Alert));
            }
        );

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public Task A_record_that_was_tampered_with_gets_bad_record_mac(TlsVersion version) =>
        EndsAsync(
            CloseReason.ProtocolViolation,
            gateway =>
            {
                using var client = EngineClient.Open(gateway, version);
                Assert.Equal(TlsStatus.Done, client.Session.Write("account 1"u8, out _));
                var record = client.Session.TxPending.ToArray();
                client.Session.TxConsume(record.Length);
                record[^1] ^= 1;
                SendAll(client.Socket, record);
                Assert.Equal(TlsStatus.Error, client.ReadToEnd());
                Assert.Equal((TlsFailureKind.PeerAlert, 20), (client.Session.Failure.Kind, client.Session.Failure.Alert));
            }
        );

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public Task An_end_in_the_middle_of_a_record_is_a_truncation(TlsVersion version) =>
        EndsAsync(
            CloseReason.ClientTruncated,
            gateway =>
            {
                using var client = EngineClient.Open(gateway, version);
                Assert.Equal(TlsStatus.Done, client.Session.Write(new byte[1000], out _));
                SendAll(client.Socket, client.Session.TxPending[..500]);
                client.Socket.Shutdown(SocketShutdown.Send);
                _ = ReceiveToEnd(client.Socket);
            }
        );

    [Fact]
    public Task An_end_between_records_without_close_notify_is_a_truncation() =>
        EndsAsync(
            CloseReason.ClientTruncated,
            gateway =>
            {
                using var client = EngineClient.Open(gateway);
                client.AssertEchoes("whole");
                client.Socket.Shutdown(SocketShutdown.Send);
                _ = ReceiveToEnd(client.Socket);
            }
        );

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public Task A_reset_in_the_handshake_is_a_reset(TlsVersion version) =>
        EndsAsync(
            CloseReason.ClientReset,
            gateway =>
            {
                using var client = EngineClient.Connect(gateway, version);
                _ = client.Session.Handshake();
                client.Flush();
                // The gateway's flight is here: it waits for ours.
                Assert.True(client.Pull());
                client.Reset();
            }
        );

    [Fact]
    public Task A_reset_of_an_open_connection_is_a_reset() =>
        EndsAsync(
            CloseReason.ClientReset,
            gateway =>
            {
                using var client = EngineClient.Open(gateway);
                client.AssertEchoes("open");
                client.Reset();
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
    public Task A_client_that_stops_in_the_handshake_is_ended_by_the_handshake_timeout() =>
        EndsAsync(
            CloseReason.HandshakeTimeout,
            gateway =>
            {
                using var client = EngineClient.Connect(gateway);
                _ = client.Session.Handshake();
                client.Flush();
                while (client.Pull())
                    client.Session.RxCommit(0);
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

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public Task A_flood_of_KeyUpdates_passes_a_limit(bool askPeer, bool withData) =>
        EndsAsync(
            CloseReason.LimitExceeded,
            gateway =>
            {
                using var client = EngineClient.Open(gateway);
                for (var i = 0; i < 2 * TlsLimits.Default.MaxKeyUpdates; i++)
                {
                    Assert.Equal(TlsStatus.Done, client.Session.KeyUpdate(askPeer));
                    if (withData)
                        Assert.Equal(TlsStatus.Done, client.Session.Write("x"u8, out _));
                    client.Flush();
                }

                Assert.Equal(TlsStatus.Error, client.ReadToEnd());
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
            CloseReason.ProtocolViolation,
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
    public Task A_client_that_goes_on_sending_when_it_was_refused_is_cut_off() =>
        EndsAsync(
            CloseReason.NotTls,
            gateway =>
            {
                using var socket = EngineClient.ConnectSocket(gateway);
                var junk = new byte[256 * 1024];
                UntilRefused(() => SendAll(socket, junk));
            },
            listener => listener with { ShutdownTimeout = TimeSpan.FromMilliseconds(300) }
        );

    [Fact]
    public async Task A_client_that_reads_nothing_holds_little_memory_and_is_named_as_the_cause()
    {
        const int Streamed = 50_000_000;
        const long MostRentedBytes = 2 * 1024 * 1024;
        long sent = 0;
        await using var upstream = new TestUpstream(async socket =>
        {
            var chunk = new byte[64 * 1024];
            while (Volatile.Read(ref sent) < Streamed)
                Interlocked.Add(ref sent, await socket.SendAsync(chunk));
        });
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint),
            loops: 1
        );
        using var client = EngineClient.Open(gateway.EndPoint, receiveBufferBytes: 64 * 1024);
        var buffers = await gateway.OnLoopAsync(0, static loop => loop.Buffers);
        long most = 0;
        var heldUp = gateway.HeldUpByTheClient();
        await RunningGateway.UntilAsync(
            () =>
            {
                most = Math.Max(most, buffers.RentedBytes);
                return heldUp();
            },
            "a write stall of the client's making"
        );
        Assert.InRange(most, 1, MostRentedBytes);
        Assert.True(Volatile.Read(ref sent) < Streamed, "the upstream was not held back");
        client.Reset();
        await gateway.UntilClosedAsync(CloseReason.ClientReset);
    }

    /// <summary>Half a second: more than a handshake takes on a busy machine, little enough for a test to wait.</summary>
    private static ListenerSettings ShortHandshake(ListenerSettings listener) =>
        listener with
        {
            HandshakeTimeout = TimeSpan.FromMilliseconds(500),
        };

    /// <summary>
    /// The gateway serves a good client on one listener; another client does <paramref name="misbehave"/> on a second one and its connection ends with
    /// <paramref name="reason"/>, alone; the good client is still served, and ends well.
    /// </summary>
    private async Task EndsAsync(
        CloseReason reason,
        Action<IPEndPoint> misbehave,
        Func<ListenerSettings, ListenerSettings>? configure = null
    )
    {
        await using var upstream = TestUpstream.Echo();
        var good = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        var bad = (configure?.Invoke(good) ?? good) with { Name = "bad" };
        await using var gateway = await RunningGateway.StartAsync([good, bad]);
        using var bystander = EngineClient.Open(gateway.Host.Listeners[0].EndPoint);
        bystander.AssertEchoes("before");

        misbehave(gateway.Host.Listeners[1].EndPoint);
        await gateway.UntilClosedAsync(reason);
        Assert.Equal(1, Enum.GetValues<CloseReason>().Sum(gateway.Closed));

        bystander.AssertEchoes("after");
        bystander.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed, reason == CloseReason.Completed ? 2 : 1);
    }

    /// <summary>Goes on until the connection is reset.</summary>
    private static void UntilRefused(Action send)
    {
        // Many times what a gateway takes in within the timeouts of these tests: reaching it means that there is no end.
        const int Most = 100_000;
        for (var i = 0; i < Most; i++)
        {
            try
            {
                send();
            }
            catch (SocketException)
            {
                return;
            }
        }

        Assert.Fail($"{Most} and no end");
    }

    private static TlsStatus HandshakeToEnd(EngineClient client)
    {
        while (true)
        {
            var status = client.Session.Handshake();
            if (status is TlsStatus.Error)
                return status;
            _ = client.Pull();
        }
    }

    private static void SendAll(Socket socket, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
            data = data[socket.Send(data)..];
    }

    /// <summary>What comes until the end; a reset is one, as closing over unread bytes makes it.</summary>
    private static byte[] ReceiveToEnd(Socket socket)
    {
        var all = new List<byte>();
        var buffer = new byte[4096];
        while (true)
        {
            var received = socket.Receive(buffer, SocketFlags.None, out var error);
            Assert.True(error is SocketError.Success or SocketError.ConnectionReset, $"{error}");
            if (received <= 0)
                return [.. all];
            all.AddRange(buffer.AsSpan(0, received));
        }
    }

    /// <summary>A TLS 1.0 ClientHello without extensions: ECDHE-ECDSA with AES-CBC, no compression.</summary>
    private static byte[] Tls10Hello() =>
        [HandshakeRecord, 3, 1, 0, 49, 1, 0, 0, 45, 3, 1, .. Seeded.Bytes(10, 32), 0, 0, 6, 0xc0, 0x09, 0xc0, 0x0a, 0x00, 0xff, 1, 0];
}
