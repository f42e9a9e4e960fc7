namespace TlsGateway.Actors.Tests.Draining;

public sealed class DrainPaceTests
{
    [Fact]
    public void They_go_evenly_however_slowly_they_end()
    {
        DrainPace pace = new(open: 100, steps: 40, credit: 0);
        List<int> steps = [];
        for (var step = 0; step < 40; step++)
        {
            // None of them ends.
            var due = pace.Next(100);
            pace.Told(due, due, 100);
            steps.Add(due);
        }
        Assert.Equal(100, steps.Sum());
        Assert.All(steps, static due => Assert.InRange(due, 2, 3));
    }

    [Fact]
    public void Those_that_go_by_themselves_count()
    {
        DrainPace pace = new(open: 100, steps: 10, credit: 0);
        // 25 have gone: 10 should have after the first step, 20 after the second, 30 after the third.
        Assert.Equal((0, 0, 5), (pace.Next(75), pace.Next(75), pace.Next(75)));
    }

    [Fact]
    public void What_had_no_room_is_spread_over_the_steps_that_are_left()
    {
        DrainPace pace = new(open: 100, steps: 10, credit: 0);
        for (var step = 0; step < 5; step++)
        {
            var due = pace.Next(100);
            Assert.InRange(due, 10, 20);
            pace.Told(0, due, 100);
        }
        List<int> steps = [];
        var open = 100;
        for (var step = 0; step < 5; step++)
        {
            var due = pace.Next(open);
            pace.Told(due, due, open);
            steps.Add(due);
            open -= due;
        }
        Assert.Equal([20, 20, 20, 20, 20], steps);
    }

    [Fact]
    public void With_the_last_step_all_are_due()
    {
        DrainPace pace = new(open: 7, steps: 3, credit: 0.9);
        Assert.Equal(3, pace.Next(7));
        pace.Told(1, 3, 7);
        Assert.Equal(3, pace.Next(6));
        pace.Told(3, 3, 6);
        Assert.Equal(3, pace.Next(6));
    }

    [Fact]
    public void Many_with_few_connections_each_do_not_all_come_to_the_same_step()
    {
        const int Paces = 50;
        List<DrainPace> paces = [.. Enumerable.Range(0, Paces).Select(static one => new DrainPace(1, 25, credit: one / (double)Paces))];
        for (var step = 0; step < 25; step++)
        {
            var told = 0;
            foreach (var pace in paces)
            {
                var due = pace.Next(1);
                pace.Told(due, due, 1);
                told += due;
            }
            Assert.InRange(told, 1, 3);
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 5)]
    public void Without_connections_nothing_is_due(long open, int steps)
    {
        DrainPace pace = new(open, steps, credit: 0.99);
        Assert.Equal(0, pace.Next(open));
        // Nor for some that came later: they are not idle since the beginning.
        Assert.Equal(0, pace.Next(3));
    }
}
