namespace TlsGateway.Tls.OpenSsl;

// Application data through libssl (TLS 1.2, the client role), and what RecordLayer needs of the session.
public sealed unsafe partial class OpenSslSession
{
    /// <summary>A batch, in one system call.</summary>
    private const int FullRecords = 16;

    /// <summary>Header, explicit nonce and tag at most.</summary>
    private const int RecordOverhead = 64;

    private const int MaxHandshakeReserve = 6 * 1024;

    /// <summary>For the BIO: output memory for <paramref name="bytes"/> more, as far as the bound allows.</summary>
    internal void MakeTxRoom(int bytes) => _io->Tx.MakeRoom(_pool, _chunkBytes, bytes);

    /// <summary>Plaintext of one record at most, so that a record fits the output buffer.</summary>
    internal int LargestPiece => Math.Min(MaxPlaintext, _chunkBytes - RecordReserve);

    /// <summary>
    /// What application data leaves free for a rehandshake's messages: else a peer that does not read would keep this side from reading, which has to answer first, and two such
    /// sides would wait for each other. As much as a batch of full records leaves; a longer certificate chain finds room when some data has gone out.
    /// </summary>
    private int HandshakeReserve => Math.Clamp(_chunkBytes - (FullRecords * (MaxPlaintext + RecordOverhead)), 0, MaxHandshakeReserve);

    internal long MaxRecordsPerKey => _context.Limits.MaxRecordsPerKey;

    /// <summary>For <see cref="RecordLayer"/>: room for a record of <paramref name="bytes"/>; WantWrite when there is none, Error when the pool gave no memory.</summary>
    internal TlsStatus FindRoom(int bytes)
    {
        try
        {
            return HasRoomFor(_io, bytes) ? TlsStatus.Done : TlsStatus.WantWrite;
        }
        catch (Exception)
        {
            return TlsStatus.Error;
        }
    }

    /// <summary>For <see cref="RecordLayer"/>: an alert can be sent. Not while tickets are half sent, nor after close_notify.</summary>
    internal bool MayAlert() => !_isCloseSent && DropTickets() == TlsStatus.Done;

    /// <summary>The status of a call on <paramref name="records"/>, its failure taken over.</summary>
    private TlsStatus Outcome(RecordLayer records, TlsStatus status) =>
        status != TlsStatus.Error ? status
        : _io->Limit != BrokenLimit.None ? DieOfLimit()
        : Die(records.Failure);

    private static int TakePlain(SessionIo* io, Span<byte> destination)
    {
        int count = Math.Min(io->Plain.Count, destination.Length);
        if (count > 0)
        {
            new ReadOnlySpan<byte>(io->Plain.First, count).CopyTo(destination);
            io->Plain.Consume(count);
        }
        return count;
    }

    private TlsStatus ReadRecords(SessionIo* io, Span<byte> destination, ref int read)
    {
        io->Plain.ReturnIfEmpty(_pool);
        fixed (byte* start = destination)
        {
            while (read < destination.Length)
            {
                int room = destination.Length - read;
                int result = SslRead(io, start + read, room);
                if (result <= 0)
                {
                    return StatusOf(result);
                }
                read += result;
                // The record is used up and there is no more input: OpenSSL would only say WANT_READ.
                if (result < room && io->Rx.Count == 0 && !io->Eof)
                {
                    return io->Limit == BrokenLimit.None ? TlsStatus.WantRead : DieOfLimit();
                }
            }
        }
        return TlsStatus.Done;
    }

    private int SslRead(SessionIo* io, byte* destination, int room)
    {
        LibCrypto.ERR_clear_error();
        io->Reading = true;
        int result = LibSsl.SSL_read(_ssl, destination, room);
        io->Reading = false;
        if (result > 0)
        {
            io->Counters.RxRecordsSinceData = 0;
        }
        return result;
    }

    private TlsStatus WriteRecords(SessionIo* io, ReadOnlySpan<byte> source, ref int written)
    {
        fixed (byte* start = source)
        {
            while (written < source.Length)
            {
                if (_records is { OwnsSending: true } records)
                {
                    return Outcome(records, records.Write(start, source.Length, out written));
                }
                TlsStatus status = BeforeWrite(io);
                if (status != TlsStatus.Done)
                {
                    return status;
                }
                if (_records is { OwnsSending: true })
                {
                    continue;
                }
                int piece = Math.Min(source.Length - written, LargestPiece);
                if (!HasRoomFor(io, piece + RecordReserve + HandshakeReserve))
                {
                    return TlsStatus.WantWrite;
                }
                LibCrypto.ERR_clear_error();
                int result = LibSsl.SSL_write(_ssl, start + written, piece);
                if (result <= 0)
                {
                    return StatusOf(result);
                }
                written += result;
            }
        }
        return TlsStatus.Done;
    }

    /// <summary>What has to be sent or received before application data may go out.</summary>
    private TlsStatus BeforeWrite(SessionIo* io)
    {
        if (io->Rehandshaking)
        {
            TlsStatus status = DriveRehandshake(waitForPeer: false);
            if (status != TlsStatus.Done)
            {
                return status;
            }
        }
        if (_ticketsOwed > 0 || _records is { OwnsSending: false })
        {
            TlsStatus status = SendTickets();
            if (status != TlsStatus.Done)
            {
                return status;
            }
        }
        return io->Counters.TxRecordsSinceKey < _context.Limits.MaxRecordsPerKey ? TlsStatus.Done : RenewKey(io);
    }

    /// <summary>Makes room behind what waits in Tx without moving much; false when the caller must first send.</summary>
    private bool HasRoomFor(SessionIo* io, int bytes)
    {
        if (io->Tx.Tail >= bytes)
        {
            return true;
        }
        // Moving is worth it when little is held; a queue that is more than half full drains by itself.
        if (io->Tx.Count > _chunkBytes / 2 || _chunkBytes - io->Tx.Count < bytes)
        {
            return false;
        }
        io->Tx.MakeRoom(_pool, _chunkBytes, bytes);
        return io->Tx.Tail >= bytes;
    }
}
