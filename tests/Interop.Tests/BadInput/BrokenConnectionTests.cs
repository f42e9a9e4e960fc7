using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.BadInput;

/// <summary>What clients get wrong once a handshake began, by mistake or on purpose.</summary>
public sealed class BrokenConnectionTests : MisbehaviourTests
{
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
            RunningGateway.Listener(Certificates.Localhost, upstream.EndPoint),
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
}
