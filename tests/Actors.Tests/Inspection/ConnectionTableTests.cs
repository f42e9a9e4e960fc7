using System.Runtime.CompilerServices;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Inspection;

namespace TlsGateway.Actors.Tests.Inspection;

public sealed class ConnectionTableTests
{
    [Fact]
    public void Connections_are_met_in_the_order_of_their_numbers_also_past_one_that_has_ended()
    {
        var table = new ConnectionTable();
        var all = Add(table, 4);
        table.Remove(2);

        Assert.Same(all[0], table.After(0));
        Assert.Same(all[2], table.After(1));
        Assert.Same(all[2], table.After(2));
        Assert.Null(table.Find(2));
        Assert.Same(all[3], table.After(3));
        Assert.Null(table.After(4));
    }

    /// <summary>Else each connection that ended would keep the next one alive until the older generations of the heap are collected.</summary>
    [Fact]
    public void A_connection_that_has_ended_refers_to_no_other()
    {
        var table = new ConnectionTable();
        var all = Add(table, 3);
        foreach (var number in (long[])[2, 1, 3])
        {
            table.Remove(number);
            Assert.Null(all[number - 1].NextInTable);
            Assert.Null(all[number - 1].PreviousInTable);
        }
    }

    private static TlsConnection[] Add(ConnectionTable table, int count)
    {
        // Made without its constructor: only the links are looked at.
        var all = new TlsConnection[count];
        for (var i = 0; i < count; i++)
        {
            all[i] = (TlsConnection)RuntimeHelpers.GetUninitializedObject(typeof(TlsConnection));
            table.Add(all[i]);
        }

        return all;
    }
}
