using TlsGateway.Actors.Limits;

namespace TlsGateway.Fleet.Tests.Support;

/// <summary>A data path with client networks of the test's.</summary>
internal sealed class TestClients : IFleetClients
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, int> _elsewhere = [];
    private readonly Dictionary<UInt128, long> _handshakes = [];
    private volatile ClientUse? _use = new(32, 64, []);
    private volatile int _members;

    /// <summary>Told each second; null: there is no limit.</summary>
    public ClientUse? Use
    {
        get => _use;
        set => _use = value;
    }

    /// <summary>Of the fleet, as it was told last.</summary>
    public int Members => _members;

    public int ConnectionsElsewhere(UInt128 network)
    {
        lock (_lock)
        {
            return _elsewhere.GetValueOrDefault(network);
        }
    }

    public long HandshakesElsewhere(UInt128 network)
    {
        lock (_lock)
        {
            return _handshakes.GetValueOrDefault(network);
        }
    }

    public ClientUse? Read(int members)
    {
        _members = members;
        return _use;
    }

    public void Hear(IReadOnlyList<NetworkUse> elsewhere)
    {
        lock (_lock)
        {
            foreach (var one in elsewhere)
            {
                _elsewhere[one.Network] = one.Connections;
                _handshakes[one.Network] = _handshakes.GetValueOrDefault(one.Network) + one.Handshakes;
            }
        }
    }
}
