using BenchmarkDotNet.Attributes;
using TlsGateway.Actors;
using TlsGateway.Actors.Sessions;
using TlsGateway.Tls;

namespace TlsGateway.Micro;

/// <summary>The decisions of one 1 KiB round trip: readable, receive, read, wait; data, write, send, wait.</summary>
[MemoryDiagnoser]
public class SessionMachineBenchmarks
{
    private SessionState _state;

    [GlobalSetup]
    public void Open()
    {
        _state = SessionMachine.Accepted(256 * 1024);
        SessionMachine.BecameReadable(ref _state);
        SessionMachine.Received(ref _state, more: false);
        SessionMachine.HelloSeen(ref _state, FirstBytes.TlsHandshake);
        SessionMachine.HandshakeReturned(ref _state, TlsStatus.Done, default, 0);
        SessionMachine.UpstreamOpened(ref _state);
        SessionMachine.ReadReturned(ref _state, TlsStatus.WantRead, 0, default, 0);
    }

    [Benchmark]
    public int Round_trip()
    {
        var steps = 0;
        SessionMachine.BecameReadable(ref _state);
        steps += (int)SessionMachine.Next(_state);
        SessionMachine.Received(ref _state, more: false);
        steps += (int)SessionMachine.Next(_state);
        SessionMachine.ReadReturned(ref _state, TlsStatus.WantRead, 0, default, 1);
        steps += (int)SessionMachine.Next(_state);
        SessionMachine.DataArrived(ref _state);
        steps += (int)SessionMachine.Next(_state);
        SessionMachine.WriteReturned(ref _state, TlsStatus.Done, false, new SessionFacts(false, false, true, false, false, default), 2);
        steps += (int)SessionMachine.Next(_state);
        SessionMachine.Sent(ref _state, left: false, more: true);
        return steps + (int)SessionMachine.Next(_state);
    }
}
