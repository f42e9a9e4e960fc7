using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class BackPressureTests
{
    [Theory]
    [InlineData(TlsVersion.Tls12, 20_000)]
    [InlineData(TlsVersion.Tls13, 20_000)]
    [InlineData(TlsVersion.Tls12, OpenSslContext.ChunkBytes)]
    [InlineData(TlsVersion.Tls13, OpenSslContext.ChunkBytes)]
    public void Output_is_bounded_while_the_peer_does_not_read(TlsVersion version, int chunk)
    {
        using SessionPair pair = SessionPair.Open(version, chunkBytes: chunk);
        byte[] data = new byte[1 << 20];

        TlsStatus status = pair.Server.Write(data, out int written);

        Assert.Equal(TlsStatus.WantWrite, status);
        Assert.InRange(written, chunk - 17_000, chunk);
        Assert.InRange(pair.Server.TxPending.Length, written, chunk);
        Assert.Equal(TlsStatus.WantWrite, pair.Server.Write(data, out int more));
        Assert.Equal(0, more);
        Assert.Equal(chunk, pair.ServerPool.RentedBytes);
    }

    [Fact]
    public void A_whole_batch_of_sixteen_full_records_fits_a_chunk()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);

        Assert.Equal(TlsStatus.Done, pair.Server.Write(new byte[16 * 16384], out int written));
        Assert.Equal(16 * 16384, written);
    }

    [Fact]
    public void Input_is_bounded_while_nobody_reads_and_goes_on_afterwards()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, chunkBytes: 40_000);
        byte[] data = new byte[200_000];
        new Random(3).NextBytes(data);
        int sent = 0;
        for (int i = 0; i < 20; i++)
        {
            pair.Client.Write(data.AsSpan(sent), out int written);
            sent += written;
            SessionPair.Move(pair.Client, pair.Server);
        }
        Assert.True(pair.Server.RxFree.IsEmpty);
        Assert.Equal(40_000, pair.Server.RxBuffered);
        Assert.True(sent < data.Length);

        List<byte> received = [];
        for (int i = 0; i < 100 && received.Count < data.Length; i++)
        {
            received.AddRange(SessionPair.ReadAll(pair.Server, out _));
            pair.Client.Write(data.AsSpan(sent), out int written);
            sent += written;
            SessionPair.Move(pair.Client, pair.Server);
        }
        Assert.Equal(data, received);
    }

    [Fact]
    public void Read_fills_the_destination_across_records_and_says_done()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        pair.Client.Write(new byte[50_000], out _);
        SessionPair.Move(pair.Client, pair.Server);

        Assert.Equal(TlsStatus.Done, pair.Server.Read(new byte[40_000], out int first));
        Assert.Equal(TlsStatus.WantRead, pair.Server.Read(new byte[40_000], out int second));

        Assert.Equal((40_000, 10_000), (first, second));
    }

    [Fact]
    public void Compact_leaves_the_smallest_buffers_and_loses_nothing()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        byte[] data = new byte[3000];
        new Random(5).NextBytes(data);
        pair.Client.Write(data, out _);
        pair.Client.Compact();
        Assert.Equal(pair.Client.TxPending.Length, pair.ClientPool.RentedBytes);
        SessionPair.Move(pair.Client, pair.Server);
        pair.Server.Compact();
        Assert.Equal(pair.Server.RxBuffered, pair.ServerPool.RentedBytes);

        pair.Client.Write(data, out _);
        pair.Client.Compact();
        pair.Client.Write(data, out _);
        SessionPair.Move(pair.Client, pair.Server);

        Assert.Equal([.. data, .. data, .. data], SessionPair.ReadAll(pair.Server, out _));
    }

    [Fact]
    public void An_unused_receive_buffer_goes_back_with_a_commit_of_nothing()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);

        Assert.Equal(OpenSslContext.ChunkBytes, pair.Server.RxFree.Length);
        Assert.Equal(1, pair.ServerPool.RentedCount);
        pair.Server.RxCommit(0);

        Assert.Equal(0, pair.ServerPool.RentedCount);
    }

    [Fact]
    public void Committing_or_consuming_more_than_there_is_throws()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);

        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Server.RxCommit(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Server.TxConsume(1));
    }

    [Fact]
    public void Mid_record_is_told_from_the_first_byte_to_the_last_whoever_holds_them()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        pair.Client.Write("hello"u8, out _);
        int total = pair.Client.TxPending.Length;
        Assert.False(pair.Server.IsMidRecord);

        for (int i = 1; i < total; i++)
        {
            SessionPair.Move(pair.Client, pair.Server, 1);
            Assert.True(pair.Server.IsMidRecord, $"buffered, {i} bytes");
            Assert.Equal(TlsStatus.WantRead, pair.Server.Read(new byte[10], out _));
            Assert.True(pair.Server.IsMidRecord, $"taken, {i} bytes");
        }
        SessionPair.Move(pair.Client, pair.Server, 1);
        Assert.False(pair.Server.IsMidRecord);
        Assert.Equal("hello"u8, SessionPair.ReadAll(pair.Server, out _));
    }

    [Theory]
    [InlineData(600, 1)]
    [InlineData(600, 7)]
    [InlineData(600, 1000)]
    [InlineData(20_000, 1)]
    [InlineData(20_000, 7)]
    [InlineData(20_000, 1000)]
    public void A_record_that_is_given_out_in_parts_counts_as_buffered_to_its_last_byte(int chunk, int piece)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, chunkBytes: chunk);
        byte[] sent = new byte[chunk / 3];
        new Random(chunk + piece).NextBytes(sent);
        pair.Client.Write(sent, out _);
        int whole = SessionPair.Move(pair.Client, pair.Server);
        pair.Client.Write(sent, out _);
        // All of the second record but its last byte.
        int part = SessionPair.Move(pair.Client, pair.Server, whole - 1);
        List<byte> received = [];
        byte[] buffer = new byte[piece];

        while (received.Count < sent.Length)
        {
            pair.Server.Read(buffer, out int read);
            pair.Server.Compact();
            received.AddRange(buffer.AsSpan(0, read));
            Assert.Equal(received.Count < sent.Length, pair.Server.RxBuffered > part);
            Assert.True(pair.Server.RxBuffered >= part);
            Assert.True(pair.Server.IsMidRecord);
            Assert.True(pair.ServerPool.RentedBytes <= 2 * pair.Server.RxBuffered);
        }
        Assert.Equal(TlsStatus.WantRead, pair.Server.Read(buffer, out int none));
        Assert.Equal((0, part), (none, pair.Server.RxBuffered));
        SessionPair.Move(pair.Client, pair.Server);
        Assert.False(pair.Server.IsMidRecord);
        while (pair.Server.RxBuffered > 0)
        {
            pair.Server.Read(buffer, out int read);
            received.AddRange(buffer.AsSpan(0, read));
            Assert.False(pair.Server.IsMidRecord);
        }
        Assert.Equal([.. sent, .. sent], received);
        Assert.Equal(0, pair.ServerPool.RentedCount);
    }

    [Fact]
    public void Writing_and_receiving_go_on_while_a_record_is_given_out_in_parts()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, new TlsLimits { MaxKeyUpdates = 1000 }, chunkBytes: 20_000);
        pair.AssertEchoes();
        Random random = new(12);
        byte[] sent = new byte[100_000];
        random.NextBytes(sent);
        List<byte> received = [];
        int offset = 0;
        byte[] buffer = new byte[700];
        while (received.Count < sent.Length)
        {
            pair.Client.Write(sent.AsSpan(offset, Math.Min(sent.Length - offset, random.Next(1, 9000))), out int written);
            offset += written;
            SessionPair.Move(pair.Client, pair.Server, random.Next(1, 9000));
            TlsStatus status = pair.Server.Read(buffer.AsSpan(0, random.Next(1, buffer.Length)), out int read);
            received.AddRange(buffer.AsSpan(0, read));
            Assert.False(status is TlsStatus.Error or TlsStatus.WantWrite, pair.Server.Failure.ToString());
            pair.Server.Write("x"u8, out _);
            if (random.Next(4) == 0)
            {
                pair.Client.KeyUpdate(askPeer: true);
                pair.Server.Compact();
            }
            SessionPair.Move(pair.Server, pair.Client);
            SessionPair.ReadAll(pair.Client, out _);
        }
        Assert.Equal(sent, received);
    }

    [Fact]
    public void A_pool_that_fails_ends_the_session_as_internal_and_not_the_process()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        pair.ServerPool.Fails = true;

        Assert.Equal(TlsStatus.Error, pair.Server.KeyUpdate(askPeer: false));

        Assert.Equal(TlsFailureKind.Internal, pair.Server.Failure.Kind);
    }
}
