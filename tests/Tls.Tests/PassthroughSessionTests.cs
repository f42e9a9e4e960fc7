using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class PassthroughSessionTests
{
    [Fact]
    public void What_comes_in_is_read_and_what_is_written_goes_out_as_it_is()
    {
        using TestPool pool = new();
        using PassthroughSession session = new(pool);
        Assert.Equal(TlsStatus.Done, session.Handshake());
        byte[] data = [22, 3, 1, 0, 0, 7];
        data.CopyTo(session.RxFree);
        session.RxCommit(data.Length);
        Assert.Equal(data, session.Received.ToArray());
        byte[] read = new byte[4];
        Assert.Equal(TlsStatus.Done, session.Read(read, out int first));
        Assert.Equal(4, first);
        Assert.Equal(data[..4], read);
        Assert.Equal(TlsStatus.WantRead, session.Read(read, out int second));
        Assert.Equal(2, second);
        Assert.Equal(data[4..], read[..2]);

        Assert.Equal(TlsStatus.Done, session.Write(data, out int written));
        Assert.Equal(data.Length, written);
        Assert.Equal(data, session.TxPending.ToArray());
        session.TxConsume(1);
        Assert.Equal(data[1..], session.TxPending.ToArray());
        session.TxConsume(data.Length - 1);
    }

    [Fact]
    public void Both_directions_are_bounded_and_go_on_when_there_is_room()
    {
        using TestPool pool = new();
        using PassthroughSession session = new(pool);
        int held = 0;
        for (int free = session.RxFree.Length; free > 0; free = session.RxFree.Length)
        {
            session.RxCommit(free);
            held += free;
        }
        Assert.InRange(held, OpenSslContext.ChunkBytes, 2 * OpenSslContext.ChunkBytes);
        Assert.Equal(held, session.RxBuffered);
        Assert.Equal(TlsStatus.Done, session.Read(new byte[1000], out _));
        Assert.False(session.RxFree.IsEmpty);

        byte[] much = new byte[3 * OpenSslContext.ChunkBytes];
        Assert.Equal(TlsStatus.WantWrite, session.Write(much, out int written));
        Assert.InRange(written, OpenSslContext.ChunkBytes, 2 * OpenSslContext.ChunkBytes);
        Assert.Equal(TlsStatus.WantWrite, session.Write(much, out int none));
        Assert.Equal(0, none);
        session.TxConsume(written);
        Assert.Equal(TlsStatus.Done, session.Write(much.AsSpan(0, 10), out _));
    }

    [Fact]
    public void The_end_of_the_stream_is_clean_and_comes_after_the_bytes()
    {
        using TestPool pool = new();
        using PassthroughSession session = new(pool);
        session.RxFree[0] = 1;
        session.RxCommit(1);
        session.RxEof();
        byte[] read = new byte[8];
        Assert.Equal(TlsStatus.Closed, session.Read(read, out int count));
        Assert.Equal(1, count);
        Assert.Equal(TlsStatus.Done, session.Shutdown());
        Assert.True(session.TxPending.IsEmpty);
    }

    [Fact]
    public void It_holds_no_memory_while_it_holds_no_bytes()
    {
        using TestPool pool = new();
        using PassthroughSession session = new(pool);
        Assert.False(session.RxFree.IsEmpty);
        session.RxCommit(0);
        Assert.Equal(0, pool.RentedCount);
        session.RxCommit(session.RxFree[..100].Length);
        _ = session.Write(new byte[10], out _);
        Assert.Equal(2, pool.RentedCount);
        _ = session.Read(new byte[1000], out _);
        session.TxConsume(10);
        Assert.Equal(0, pool.RentedCount);
    }

    [Fact]
    public void What_only_TLS_can_do_is_refused_and_leaves_it_usable()
    {
        using TestPool pool = new();
        using PassthroughSession session = new(pool);
        Assert.Equal(TlsStatus.Error, session.Rehandshake());
        Assert.Equal(TlsFailureKind.NotSupported, session.Failure.Kind);
        Assert.Equal(TlsStatus.Error, session.KeyUpdate(askPeer: true));
        Assert.Equal(TlsStatus.Error, session.RequestClientCertificate());
        Assert.Equal(TlsStatus.Done, session.Write([1], out _));
        Assert.False(session.TryExport("label", [], new byte[8]));
    }
}
