using TlsGateway.Tls;

namespace TlsGateway.Actors.Metrics;

/// <summary>How often handshakes came to which parameters. Counted by one thread, read by any.</summary>
public sealed class NegotiatedCounts
{
    /// <summary>More combinations than both engines know; beyond it nothing is told apart.</summary>
    private const int MaxCells = 512;

    private volatile Cell[] _cells = [];

    /// <summary>Each combination so far with its count.</summary>
    public IEnumerable<NegotiatedCount> All => _cells.Select(static cell => new NegotiatedCount(cell.Engine, cell.Parameters, cell.Count));

    internal void Count(TlsEngine engine, TlsSessionInfo negotiated)
    {
        // Handshakes differ little: the first cells have nearly all of them.
        foreach (var cell in _cells)
        {
            if (cell.Is(engine, negotiated))
            {
                cell.Add();
                return;
            }
        }

        if (_cells.Length == MaxCells)
            return;
        var added = new Cell(engine, negotiated);
        added.Add();
        _cells = [.. _cells, added];
    }

    private sealed class Cell(TlsEngine engine, TlsSessionInfo parameters)
    {
        private long _count;

        public TlsEngine Engine { get; } = engine;

        /// <summary>Without what is of one connection.</summary>
        public TlsSessionInfo Parameters { get; } = parameters with { ServerName = "", ApplicationProtocol = "" };

        public long Count => Volatile.Read(ref _count);

        public void Add() => _count++;

        /// <summary>Names are interned (<see cref="TlsSessionInfo"/>), so that they are compared as objects.</summary>
        public bool Is(TlsEngine otherEngine, TlsSessionInfo other) =>
            Engine == otherEngine
            && ReferenceEquals(Parameters.CipherSuite, other.CipherSuite)
            && ReferenceEquals(Parameters.Group, other.Group)
            && ReferenceEquals(Parameters.Version, other.Version)
            && Parameters.IsResumed == other.IsResumed;
    }
}

/// <summary>A count of <see cref="NegotiatedCounts"/>.</summary>
/// <param name="Engine">Whose handshakes.</param>
/// <param name="Parameters">Without server name and application protocol.</param>
/// <param name="Count">Since the start.</param>
public readonly record struct NegotiatedCount(TlsEngine Engine, TlsSessionInfo Parameters, long Count);
