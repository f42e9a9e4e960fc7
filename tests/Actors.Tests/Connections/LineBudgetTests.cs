using TlsGateway.Actors.Connections;

namespace TlsGateway.Actors.Tests.Connections;

public sealed class LineBudgetTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_flood_gets_its_share_of_each_second_and_the_next_line_says_what_is_missing()
    {
        var budget = new LineBudget(50);
        var logged = 0;
        for (var i = 0; i < 300; i++)
            logged += budget.TryTake(i, out var leftOut) && leftOut == 0 ? 1 : 0;
        Assert.Equal(50, logged);
        Assert.False(budget.TryTake(Second - 1, out _));
        Assert.True(budget.TryTake(Second, out var missing));
        Assert.Equal(251, missing);
        Assert.True(budget.TryTake(Second + 1, out var none));
        Assert.Equal(0, none);
    }
}
