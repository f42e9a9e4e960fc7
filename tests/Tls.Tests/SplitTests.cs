using CsCheck;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class SplitTests
{
    [Theory]
    [InlineData(TlsVersion.Tls12, true)]
    [InlineData(TlsVersion.Tls13, true)]
    [InlineData(TlsVersion.Tls13, false)]
    public void Either_stream_may_be_cut_at_any_byte(TlsVersion version, bool ownsRecords)
    {
        using OpenSslContext server = SessionPair.ServerContext(version, ownsRecords: ownsRecords);
        using OpenSslContext client = SessionPair.ClientContext(version);
        (int toServer, int toClient) = Exchange(client, server, int.MaxValue, int.MaxValue);
        Assert.True(toServer > 200 && toClient > 400, $"{toServer} and {toClient} bytes");

        for (int cut = 0; cut < toServer; cut++)
        {
            Exchange(client, server, cut, int.MaxValue);
        }
        for (int cut = 0; cut < toClient; cut++)
        {
            Exchange(client, server, int.MaxValue, cut);
        }
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, true)]
    [InlineData(TlsVersion.Tls13, true)]
    [InlineData(TlsVersion.Tls13, false)]
    public void Segments_of_one_byte_are_enough(TlsVersion version, bool ownsRecords)
    {
        using OpenSslContext server = SessionPair.ServerContext(version, ownsRecords: ownsRecords);
        using OpenSslContext client = SessionPair.ClientContext(version);
        using SessionPair pair = new(client, server);
        byte[] buffer = new byte[100];
        int received = 0;
        bool sent = false;
        for (int i = 0; i < 100_000 && received < 4; i++)
        {
            if (pair.Client.Handshake() == TlsStatus.Done && !sent)
            {
                Assert.Equal(TlsStatus.Done, pair.Client.Write("ping"u8, out _));
                sent = true;
            }
            SessionPair.Move(pair.Client, pair.Server, 1);
            Assert.NotEqual(TlsStatus.Error, pair.Server.Read(buffer, out int read));
            received += read;
            SessionPair.Move(pair.Server, pair.Client, 1);
        }
        Assert.Equal(4, received);
        Assert.Equal("ping"u8, buffer.AsSpan(0, 4));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, true)]
    [InlineData(TlsVersion.Tls13, true)]
    [InlineData(TlsVersion.Tls13, false)]
    public void Both_directions_at_once_in_random_pieces_arrive_in_order(TlsVersion version, bool ownsRecords)
    {
        using OpenSslContext server = SessionPair.ServerContext(version, ownsRecords: ownsRecords);
        using OpenSslContext client = SessionPair.ClientContext(version);
        Gen<(int Seed, int Chunk)> cases = Gen.Select(Gen.Int[0, int.MaxValue - 1], Gen.Int[600, 40_000]);
        PCG source = new(1, 42);
        for (int i = 0; i < 150; i++)
        {
            (int seed, int chunk) = cases.Generate(source, null, out _);
            ExchangeAtRandom(client, server, new Random(seed), chunk);
        }
    }

    /// <summary>Handshake and a small echo, where the stream to either side pauses once after the given number of bytes. Returns the lengths of both streams.</summary>
    private static (int ToServer, int ToClient) Exchange(OpenSslContext client, OpenSslContext server, int cutToServer, int cutToClient)
    {
        // A resumed handshake has shorter streams.
        client.ClientSessions!.Clear();
        using SessionPair pair = new(client, server);
        byte[] buffer = new byte[100];
        int toServer = 0;
        int toClient = 0;
        bool asked = false;
        int answered = 0;
        int echoed = 0;
        for (int i = 0; i < 40 && echoed < 4; i++)
        {
            if (pair.Client.Handshake() == TlsStatus.Done && !asked)
            {
                Assert.Equal(TlsStatus.Done, pair.Client.Write("ping"u8, out _));
                asked = true;
            }
            toServer += SessionPair.Move(pair.Client, pair.Server, toServer < cutToServer ? cutToServer - toServer : int.MaxValue);
            Assert.NotEqual(TlsStatus.Error, pair.Server.Read(buffer, out int read));
            if (read > 0)
            {
                Assert.Equal(TlsStatus.Done, pair.Server.Write(buffer.AsSpan(0, read), out _));
                answered += read;
            }
            toClient += SessionPair.Move(pair.Server, pair.Client, toClient < cutToClient ? cutToClient - toClient : int.MaxValue);
            Assert.NotEqual(TlsStatus.Error, pair.Client.Read(buffer, out read));
            echoed += read;
        }
        Assert.Equal((4, 4), (answered, echoed));
        return (toServer, toClient);
    }

    private static void ExchangeAtRandom(OpenSslContext client, OpenSslContext server, Random random, int chunk)
    {
        client.ClientSessions!.Clear();
        using SessionPair pair = new(client, server, chunk);
        byte[] data = new byte[random.Next(1, 80_000)];
        random.NextBytes(data);
        Side up = new(pair.Client, pair.Server, data);
        Side down = new(pair.Server, pair.Client, [.. data.Reverse()]);
        for (int i = 0; i < 2000; i++)
        {
            (random.Next(2) == 0 ? up : down).Step(random);
        }
        for (int i = 0; i < 5000 && !(up.IsFinished && down.IsFinished); i++)
        {
            up.Finish();
            down.Finish();
        }
        Assert.Equal(up.Sent, up.Received);
        Assert.Equal(down.Sent, down.Received);
    }

    /// <summary>One direction: its writer, the ciphertext in between, its reader.</summary>
    private sealed class Side(ITlsSession writer, ITlsSession reader, byte[] data)
    {
        private readonly byte[] _buffer = new byte[40_000];
        private readonly List<byte> _received = [];
        private int _written;

        public byte[] Sent => data;

        public byte[] Received => [.. _received];

        public bool IsFinished => _received.Count == data.Length;

        public void Step(Random random)
        {
            switch (random.Next(3))
            {
                case 0:
                    Write(random.Next(1, 30_000));
                    break;
                case 1:
                    SessionPair.Move(writer, reader, random.Next(1, random.Next(2, 20_000)));
                    break;
                default:
                    Read(random.Next(1, _buffer.Length));
                    break;
            }
        }

        public void Finish()
        {
            Write(data.Length);
            SessionPair.Move(writer, reader);
            Read(_buffer.Length);
        }

        private void Write(int most)
        {
            TlsStatus status = writer.Write(data.AsSpan(_written, Math.Min(most, data.Length - _written)), out int written);
            Assert.False(status == TlsStatus.Error, writer.Failure.ToString());
            _written += written;
        }

        private void Read(int most)
        {
            TlsStatus status = reader.Read(_buffer.AsSpan(0, most), out int read);
            Assert.False(status == TlsStatus.Error, reader.Failure.ToString());
            _received.AddRange(_buffer.AsSpan(0, read));
        }
    }
}
