using System.Text;
using TlsGateway.Actors;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.Stalls;
using TlsGateway.Gateway.Commands;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Client;

/// <summary>
/// The multiplexed client of Rescorla's "An Introduction to OpenSSL Programming, Part II": standard input and the socket in one loop, over the gateway's own session
/// machine. Connects again, with the session, as often as it was asked.
/// </summary>
/// <remarks>All but the constructor and <see cref="RunAsync"/> runs on the loop's thread.</remarks>
internal sealed partial class InteractiveClient : ClientLeg, IDisposable
{
    /// <summary>A server that does not close after our close_notify is not waited for longer, when the next connection is due.</summary>
    private const long EndNanos = 2_000_000_000;

    /// <summary>How long a connection that is only made to be resumed waits for its ticket (RFC 8446 §4.6.1: at any time after the handshake).</summary>
    private const long TicketNanos = 500_000_000;

    /// <summary>For all addresses together; TCP's own patience is two minutes for each.</summary>
    private const long ConnectNanos = 15_000_000_000;

    private readonly ClientSettings _settings;
    private readonly ITlsContext _context;
    private readonly SessionReport _report;
    private readonly InputPump _input;
    private readonly OutputPump _output;
    private readonly StallTotals _totals = new();
    private readonly Queue<byte[]> _pending = new();
    private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EventLoop _loop;
    private readonly Timer _timer;
    private readonly AppDataPool _buffers;
    private ClientConnection? _connection;
    private SocketHandle? _socket;
    private StartTlsDialogue? _dialogue;
    private int _pendingUsed;
    private int _address = -1;
    private int _resumptions;
    private int _outputOwed;
    private long _recordsAtHandshake;
    private bool _inputEnded;
    private bool _inputStarted;
    private bool _isOpened;
    private bool _isEnding;
    private bool _reconnects;
    private bool _serverEnded;
    private bool _awaitsTicket;

    public InteractiveClient(ClientSettings settings, ITlsContext context, Stream input, Stream output, TextWriter error)
    {
        _settings = settings;
        _context = context;
        _report = new SessionReport(error);
        _resumptions = settings.Resumptions;
        _input = new InputPump(input, data => Post(() => Take(data)));
        _output = new OutputPump(output);
        _loop = new EventLoop(new EventLoopOptions { Name = "client", OnUnhandled = e => _exit.TrySetException(e) }, new Events(this));
        _timer = new Timer(this);
        _buffers = new AppDataPool(_loop.Buffers);
    }

    public override ReadOnlyMemory<byte> Pending =>
        _isOpened && !_isEnding && _pending.TryPeek(out var first) ? first.AsMemory(_pendingUsed) : default;

    /// <summary>Runs to the end of the last connection.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        _loop.Start();
        _output.Start();
        Post(Connect);
        using var interrupted = cancellation.Register(() => Post(() => Exit(ExitCode.RuntimeFailure)));
        return await _exit.Task.ConfigureAwait(false);
    }

    public void Dispose()
    {
        _output.Dispose();
        _loop.Stop();
        _ = _loop.Join(TimeSpan.FromSeconds(5));
        _loop.Dispose();
    }

    public override void Consume(int bytes)
    {
        _pendingUsed += bytes;
        while (_pending.TryPeek(out var first) && _pendingUsed >= first.Length)
        {
            _pendingUsed -= first.Length;
            _ = _pending.Dequeue();
            _input.Return();
        }
    }

    public override void Output(byte[] data)
    {
        _outputOwed++;
        var connection = _connection!;
        _output.Write(data, written => Post(() => OutputTook(connection, written)));
    }

    public override void HandshakeCompleted()
    {
        _loop.Timers.Cancel(_timer);
        var session = _connection!.Session;
        _report.Negotiated(session, _settings.IsVerified);
        _recordsAtHandshake = session.Counters.RxRecords;
        // This one is only made so that the next can resume it.
        _awaitsTicket = _resumptions > 0;
        if (_awaitsTicket)
            Schedule(session.IsTls13 ? TicketNanos : 0);
        else if (!_inputStarted)
        {
            _inputStarted = true;
            _input.Start();
        }
    }

    public override void Opened()
    {
        _isOpened = true;
        if (_awaitsTicket)
            return;
        if (!Pending.IsEmpty)
            Post(() => _connection?.DataArrived());
        if (_inputEnded)
            Post(() => _connection?.InputEnded());
    }

    public override void ServerEnded()
    {
        _serverEnded = true;
        if (!_isEnding)
        {
            _isEnding = true;
            // What the user had not sent yet has nobody to read it.
            Post(() => _connection?.InputEnded());
        }

        if (_outputOwed == 0)
            Post(() => _connection?.OutputFlushed());
    }

    public override void Settled()
    {
        if (_awaitsTicket && _connection!.Session.IsTls13 && _connection.Session.Counters.RxRecords > _recordsAtHandshake)
            Schedule(0);
    }

    public override void Closed(CloseReason reason)
    {
        _loop.Timers.Cancel(_timer);
        var connection = _connection!;
        _connection = null;
        var failure = connection.Failure;
        connection.Session.Dispose();
        if (reason != CloseReason.Completed)
        {
            if (failure.Kind != TlsFailureKind.None)
                _report.Failed(failure, _settings.IsVerified);
            else
                _report.Say($"The connection to {_settings.Target} ended: {reason}.");
            Exit(ExitCode.RuntimeFailure);
        }
        else if (_resumptions > 0 || _reconnects)
        {
            _resumptions -= _reconnects ? 0 : 1;
            Connect();
        }
        else
        {
            Exit(ExitCode.Success);
        }
    }

    private void OutputTook(ClientConnection connection, int written)
    {
        _outputOwed--;
        if (_connection != connection)
            return;
        if (written < 0)
        {
            _report.Say("Standard output was closed; the connection ends.");
            connection.End();
        }
        else
        {
            connection.OutputTook(written);
        }

        if (_serverEnded && _outputOwed == 0)
            connection.OutputFlushed();
    }

    private void Take(byte[] data)
    {
        if (data.Length == 0)
        {
            _inputEnded = true;
            if (_isOpened && !_isEnding)
                _connection?.InputEnded();
        }
        else if (_settings.HasCommands && Command(Encoding.Latin1.GetString(data).TrimEnd('\r', '\n')))
        {
            _input.Return();
        }
        else
        {
            _pending.Enqueue(data);
            if (_isOpened && !_isEnding)
                _connection?.DataArrived();
        }
    }

    /// <summary>A line of one letter, as in openssl s_client; false: it is data.</summary>
    private bool Command(string line)
    {
        if (line.Length != 1 || !"RKkTSQ".Contains(line[0], StringComparison.Ordinal) || _connection is not { } connection)
            return false;
        switch (line[0])
        {
            case 'R':
                Told("rehandshake asked for", connection.Rehandshake());
                break;
            case 'K':
                Told("new keys on both sides asked for", connection.KeyUpdate(askPeer: true));
                break;
            case 'k':
                Told("new sending keys", connection.KeyUpdate(askPeer: false));
                break;
            case 'S':
                _report.State(connection.Session, connection.State);
                break;
            default:
                _reconnects = line[0] == 'T';
                EndConnection();
                break;
        }

        return true;
    }

    private void Told(string what, TlsFailure? refusal) => _report.Say(refusal is { } no ? $"refused: {no.Detail}" : what);

    private void EndConnection()
    {
        _isEnding = true;
        _awaitsTicket = false;
        Schedule(EndNanos);
        _connection!.End();
    }

    private void OnTimer()
    {
        if (_connection is null)
            ConnectTimedOut();
        else if (_awaitsTicket)
            EndConnection();
        else if (_isEnding)
            _connection.End();
        else if (!_connection.Session.IsHandshakeComplete)
            ConnectTimedOut();
    }

    private void Exit(int code)
    {
        _socket?.Close();
        _connection?.Session.Dispose();
        _connection = null;
        _report.Stalls(_totals);
        _exit.TrySetResult(code);
    }

    private void Schedule(long nanos) => _loop.Timers.Schedule(_timer, _loop.ReadTimestamp() + nanos);

    private void Post(Action action) => _loop.Post(new Work(action));

    private sealed class Work(Action action) : IThreadPoolWorkItem
    {
        public void Execute() => action();
    }

    private sealed class Timer(InteractiveClient owner) : LoopTimer
    {
        protected override void OnDue(long nowNanos) => owner.Post(owner.OnTimer);
    }

    private sealed class Events(InteractiveClient owner) : ISocketEvents
    {
        public void OnReadable(SocketHandle handle) => owner.Post(() => owner.SocketReady(handle, isReadable: true));

        public void OnWritable(SocketHandle handle) => owner.Post(() => owner.SocketReady(handle, isReadable: false));
    }
}
