using TlsGateway.Actors.Connections;

namespace TlsGateway.Actors.Inspection;

/// <summary>The connections of one loop, in the order of their numbers. Used on that loop's thread only.</summary>
internal sealed class ConnectionTable
{
    private readonly Dictionary<long, TlsConnectionActor> _byNumber = [];
    private TlsConnectionActor? _first;
    private TlsConnectionActor? _last;
    private long _lastNumber;

    /// <summary>Takes a connection in and numbers it.</summary>
    public long Add(TlsConnectionActor connection)
    {
        _byNumber.Add(++_lastNumber, connection);
        connection.PreviousInTable = _last;
        if (_last is { } last)
            last.NextInTable = connection;
        else
            _first = connection;
        _last = connection;
        return _lastNumber;
    }

    public void Remove(long number)
    {
        if (!_byNumber.Remove(number, out var connection))
            return;
        if (connection.PreviousInTable is { } previous)
            previous.NextInTable = connection.NextInTable;
        else
            _first = connection.NextInTable;
        if (connection.NextInTable is { } next)
            next.PreviousInTable = connection.PreviousInTable;
        else
            _last = connection.PreviousInTable;
    }

    public TlsConnectionActor? Find(long number) => _byNumber.GetValueOrDefault(number);

    /// <summary>The first connection whose number is above <paramref name="number"/>; quick when that one is still there.</summary>
    public TlsConnectionActor? After(long number)
    {
        if (_byNumber.TryGetValue(number, out var known))
            return known.NextInTable;
        var connection = _first;
        while (connection is not null && connection.Number <= number)
            connection = connection.NextInTable;
        return connection;
    }
}
