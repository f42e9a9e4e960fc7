using TlsGateway.Actors;
using TlsGateway.Gateway.Commands;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Client;

// From the first address to the first byte of TLS.
internal sealed partial class InteractiveClient
{
    private byte[] _clear = [];

    private void Connect()
    {
        _address = -1;
        _isOpened = _isEnding = _serverEnded = _reconnects = _awaitsTicket = false;
        Schedule(ConnectNanos);
        ConnectNext("no address");
    }

    private void ConnectNext(string why)
    {
        while (++_address < _settings.Addresses.Count)
        {
            var fd = TcpSocket.Connect(InetEndPoint.From(_settings.Addresses[_address]), out var errno);
            if (fd < 0)
            {
                why = Errno(errno);
                continue;
            }

            _socket = _loop.Register(fd, this);
            _socket.NotifyWritable();
            return;
        }

        _report.Say($"Cannot connect to {_settings.Target}: {why}. Is the server running, and the port right?");
        Exit(ExitCode.RuntimeFailure);
    }

    private void ConnectTimedOut()
    {
        _report.Say($"{_settings.Target} did not answer within {ConnectNanos / 1_000_000_000} seconds.");
        Exit(ExitCode.RuntimeFailure);
    }

    private void SocketReady(SocketHandle handle, bool isReadable)
    {
        if (handle != _socket || !handle.IsOpen)
            return;
        if (_connection is { } connection)
        {
            if (isReadable)
                connection.OnReadable();
            else
                connection.OnWritable();
        }
        else if (_dialogue is { } dialogue)
        {
            Converse(dialogue, isReadable);
        }
        else
        {
            Connected(handle);
        }
    }

    private void Connected(SocketHandle handle)
    {
        var error = handle.TakeSocketError();
        if (error != 0)
        {
            handle.Close();
            ConnectNext(Errno(error));
            return;
        }

        _report.Connected(_settings.Target, _settings.Addresses[_address].ToString());
        if (_settings.StartTls is not { } protocol)
        {
            BeginTls();
            return;
        }

        _dialogue = new StartTlsDialogue(protocol);
        _clear = _dialogue.Begin();
        Converse(_dialogue, isReadable: false);
    }

    private void Converse(StartTlsDialogue dialogue, bool isReadable)
    {
        if (isReadable)
        {
            var buffer = new byte[1024];
            var result = _socket!.Receive(buffer);
            if (result.Status is not (IoStatus.Ok or IoStatus.WouldBlock))
            {
                RefusedStartTls("it closed the connection");
                return;
            }

            if (result.Bytes > 0)
                _clear = [.. _clear, .. dialogue.Receive(buffer.AsSpan(0, result.Bytes))];
        }

        if (dialogue.Refusal is { } refusal)
        {
            RefusedStartTls(refusal);
        }
        else if (dialogue.IsDone)
        {
            _dialogue = null;
            BeginTls();
        }
        else
        {
            SendClear();
        }
    }

    private void SendClear()
    {
        if (_clear.Length > 0)
        {
            var result = _socket!.Send(_clear);
            _clear = _clear[result.Bytes..];
        }

        if (_clear.Length > 0)
            _socket!.NotifyWritable();
        _socket!.NotifyReadable();
    }

    private void RefusedStartTls(string why)
    {
        _report.Say($"{_settings.Target} refuses STARTTLS for {_settings.StartTls}: {why}.");
        Exit(ExitCode.RuntimeFailure);
    }

    private void BeginTls()
    {
        Schedule(ConnectNanos);
        _connection = new ClientConnection(_loop, _socket!, _context.CreateSession(_buffers), _totals, this);
        _connection.Run();
    }

    private static string Errno(int errno) => new System.ComponentModel.Win32Exception(errno).Message;
}
