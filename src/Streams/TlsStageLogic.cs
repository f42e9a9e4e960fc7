using Akka.IO;
using Akka.Streams.Stage;
using TlsGateway.Tls;

namespace TlsGateway.Streams;

/// <summary>One session in a stream: every event ends in <see cref="Pump"/>, which calls the session until nothing gets further.</summary>
internal sealed class TlsStageLogic : GraphStageLogic
{
    /// <summary>Two full records: what is given downstream in one element.</summary>
    private const int PlainBytes = 32 * 1024;

    /// <summary>Four full records; no more plaintext is encrypted while this much waits for demand.</summary>
    private const int CipherBytes = 64 * 1024;

    private readonly TlsStage _stage;
    private readonly ITlsContext _context;
    private readonly TlsFlowOptions _options;
    private readonly TaskCompletionSource<TlsSessionInfo> _negotiated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _scratch = new byte[PlainBytes];
    private ITlsSession? _session;
    private ReadOnlyMemory<byte> _plain;
    private ReadOnlyMemory<byte> _cipher;
    private bool _isTold;
    private bool _isEofTold;
    private bool _isReadEnded;
    private bool _isNotifyQueued;
    private bool _isAlertGiven;
    private Exception? _failure;

    public TlsStageLogic(TlsStage stage, ITlsContext context, TlsFlowOptions options)
        : base(stage.Shape)
    {
        _stage = stage;
        _context = context;
        _options = options;
        SetHandler(stage.PlainIn, OnPlain, Pump, OnPlainFailed);
        SetHandler(stage.CipherIn, OnCipher, Pump, OnCipherFailed);
        SetHandler(stage.CipherOut, Pump, OnCipherCancelled);
        SetHandler(stage.PlainOut, Pump, _ => Pump());
    }

    public Task<TlsSessionInfo> Negotiated => _negotiated.Task;

    public override void PreStart()
    {
        _session = _context.CreateSession(HeapBufferPool.Shared);
        Pump();
    }

    public override void PostStop()
    {
        _negotiated.TrySetException(_failure ?? new TlsException(new TlsFailure(TlsFailureKind.Truncated, -1, "the stream ended first")));
        // Seen by whoever asked for it; nobody has to.
        _ = _negotiated.Task.Exception;
        _session?.Dispose();
    }

    private void OnPlain()
    {
        _plain = Grab(_stage.PlainIn).ToArray();
        Pump();
    }

    private void OnCipher()
    {
        _cipher = Grab(_stage.CipherIn).ToArray();
        Pump();
    }

    /// <summary>The peer must not take what it has for the whole (RFC 8446 §6.1): a fatal alert, no close_notify.</summary>
    private void OnPlainFailed(Exception cause)
    {
        if (_failure is null)
        {
            _failure = cause;
            _session!.Fail(new TlsFailure(TlsFailureKind.Internal, 80, "the source of the plaintext failed"));
        }
        Pump();
    }

    private void OnCipherFailed(Exception cause) => FailAll(_failure ?? cause);

    /// <summary>Nothing can be sent any more, not even an alert; what was received is still delivered.</summary>
    private void OnCipherCancelled(Exception cause)
    {
        if (_failure is { } failure)
        {
            FailAll(failure);
            return;
        }
        if (!IsClosed(_stage.PlainIn))
        {
            Cancel(_stage.PlainIn);
        }
        Pump();
    }

    /// <summary>Calls the session until no call gets further, then asks for what can help.</summary>
    private void Pump()
    {
        // A nested call would come from Fail or Complete: the outer one goes on.
        bool moved = true;
        while (moved && _failure is null)
        {
            moved = Feed() | Handshake();
            moved |= Read();
            moved |= Write();
            moved |= Shutdown();
            moved |= _failure is null && Push();
        }
        if (_failure is { } failure)
        {
            // The element with the alert is gone once the next is asked for.
            _isAlertGiven |= Push();
            if (IsClosed(_stage.CipherOut) || (_session!.TxPending.IsEmpty && (!_isAlertGiven || IsAvailable(_stage.CipherOut))))
            {
                FailAll(failure);
            }
            return;
        }
        Settle();
    }

    private bool Feed()
    {
        ITlsSession session = _session!;
        if (_cipher.IsEmpty)
        {
            if (_isEofTold || !IsClosed(_stage.CipherIn))
            {
                return false;
            }
            _isEofTold = true;
            session.RxEof();
            return true;
        }
        if (_isReadEnded)
        {
            // Behind close_notify there is nothing (RFC 8446 §6.1).
            _cipher = default;
            return false;
        }
        Span<byte> free = session.RxFree;
        int count = Math.Min(free.Length, _cipher.Length);
        _cipher.Span[..count].CopyTo(free);
        session.RxCommit(count);
        _cipher = _cipher[count..];
        return count > 0;
    }

    private bool Handshake()
    {
        ITlsSession session = _session!;
        if (_isTold)
        {
            return false;
        }
        TlsStatus status = session.Handshake();
        if (status == TlsStatus.Error)
        {
            SessionFailed();
            return false;
        }
        if (status != TlsStatus.Done)
        {
            return false;
        }
        _isTold = true;
        _negotiated.TrySetResult(session.DescribeSession());
        // Tickets would wait for the first plaintext, which may never come.
        _ = session.FlushTickets();
        return true;
    }

    private bool Read()
    {
        bool isCancelled = IsClosed(_stage.PlainOut);
        if (!_isTold || _isReadEnded || _failure is not null || !(isCancelled || IsAvailable(_stage.PlainOut)))
        {
            return false;
        }
        TlsStatus status = _session!.Read(_scratch, out int read);
        if (read > 0 && !isCancelled)
        {
            Push(_stage.PlainOut, ByteString.CopyFrom(_scratch, 0, read));
        }
        switch (status)
        {
            case TlsStatus.Closed:
                EndReading();
                return true;
            case TlsStatus.Error when _session.Failure.Kind == TlsFailureKind.Truncated && (_options.TolerateTruncation || isCancelled):
                // The session is dead with it: there is nothing more to send either.
                _isNotifyQueued = true;
                EndReading();
                return true;
            case TlsStatus.Error:
                SessionFailed();
                return false;
            default:
                return read > 0;
        }
    }

    private void EndReading()
    {
        _isReadEnded = true;
        _cipher = default;
        Complete(_stage.PlainOut);
    }

    private bool Write()
    {
        ITlsSession session = _session!;
        if (!_isTold || _plain.IsEmpty || _failure is not null || _isNotifyQueued || session.TxPending.Length >= CipherBytes)
        {
            return false;
        }
        if (IsClosed(_stage.CipherOut))
        {
            _plain = default;
            return false;
        }
        TlsStatus status = session.Write(_plain.Span[..Math.Min(_plain.Length, CipherBytes)], out int written);
        _plain = _plain[written..];
        if (status == TlsStatus.Error)
        {
            SessionFailed();
            return false;
        }
        if (status == TlsStatus.Closed)
        {
            _failure = TlsException.From(new TlsFailure(TlsFailureKind.Truncated, -1, "the peer closed in the middle of a rehandshake"));
        }
        return written > 0;
    }

    private bool Shutdown()
    {
        if (!_isTold || _isNotifyQueued || _failure is not null || !_plain.IsEmpty || IsClosed(_stage.CipherOut) || !WantsNotify())
        {
            return false;
        }
        TlsStatus status = _session!.Shutdown();
        if (status == TlsStatus.Error)
        {
            SessionFailed();
            return false;
        }
        _isNotifyQueued = status == TlsStatus.Done;
        return _isNotifyQueued;
    }

    private bool WantsNotify()
    {
        bool sent = IsClosed(_stage.PlainIn);
        bool received = IsClosed(_stage.PlainOut);
        if (sent && received)
        {
            return true;
        }
        if (sent)
        {
            return !_options.Closing.HasFlag(TlsClosing.IgnoreComplete);
        }
        // The peer's own close_notify is no cancellation: it lets us go on sending.
        return received && !_isReadEnded && !_options.Closing.HasFlag(TlsClosing.IgnoreCancel);
    }

    private bool Push()
    {
        ReadOnlySpan<byte> pending = _session!.TxPending;
        if (pending.IsEmpty)
        {
            return false;
        }
        if (IsClosed(_stage.CipherOut))
        {
            _session.TxConsume(pending.Length);
            return false;
        }
        if (!IsAvailable(_stage.CipherOut))
        {
            return false;
        }
        byte[] piece = pending[..Math.Min(pending.Length, CipherBytes)].ToArray();
        _session.TxConsume(piece.Length);
        Push(_stage.CipherOut, ByteString.FromBytes(piece));
        return true;
    }

    /// <summary>Before waiting: ends what has ended, asks for what a call waits for.</summary>
    private void Settle()
    {
        if (_isNotifyQueued && _session!.TxPending.IsEmpty && !IsClosed(_stage.CipherOut))
        {
            Complete(_stage.CipherOut);
        }
        if (_isNotifyQueued && !IsClosed(_stage.PlainIn))
        {
            Cancel(_stage.PlainIn);
        }
        bool isSendingOver = IsClosed(_stage.CipherOut);
        bool isReceivingOver = _isReadEnded || (IsClosed(_stage.PlainOut) && isSendingOver);
        if (isSendingOver && isReceivingOver)
        {
            CompleteStage();
            return;
        }
        if (_isTold && _plain.IsEmpty && !IsClosed(_stage.PlainIn) && !HasBeenPulled(_stage.PlainIn))
        {
            Pull(_stage.PlainIn);
        }
        if (!IsClosed(_stage.CipherIn) && !HasBeenPulled(_stage.CipherIn) && _cipher.IsEmpty && _session!.RxBuffered < CipherBytes)
        {
            Pull(_stage.CipherIn);
        }
    }

    private void SessionFailed() => _failure = TlsException.From(_session!.Failure);

    private void FailAll(Exception failure)
    {
        _negotiated.TrySetException(failure);
        _failure = failure;
        FailStage(failure);
    }
}
