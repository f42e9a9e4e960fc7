using TlsGateway.Gateway.Hosting;

namespace TlsGateway.Gateway.Tests.Hosting;

public sealed class DescriptorBudgetTests
{
    /// <summary>What the runtime has open by itself, some 260, is no connection's.</summary>
    [Theory]
    [InlineData(20_000, 260, 9_614)]
    [InlineData(1_024, 260, 191)]
    [InlineData(300, 260, 10)]
    [InlineData(256, 260, 1)]
    [InlineData(long.MaxValue, 260, long.MaxValue)]
    public void Connections_get_what_is_left_beside_the_reserve(long limit, long used, long connections) =>
        Assert.Equal(connections, DescriptorBudget.ConnectionsWithin(limit, used));
}
