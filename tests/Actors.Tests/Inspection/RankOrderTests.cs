using TlsGateway.Actors.Inspection;

namespace TlsGateway.Actors.Tests.Inspection;

public sealed class RankOrderTests
{
    [Theory]
    [InlineData(0, 25)]
    [InlineData(25, 25)]
    [InlineData(990, 25)]
    [InlineData(2990, 100)]
    [InlineData(5000, 25)]
    [InlineData(7, 0)]
    public void A_page_of_parts_is_that_of_all(int offset, int limit)
    {
        var random = new Random(7);
        var number = 0;
        // Few keys, so that many have the same; parts of many lengths, some of nothing.
        List<List<RankKey>> parts =
        [
            .. new[] { 1000, 0, 1, 999, 500, 0, 500 }.Select(
                (length, part) =>
                    Enumerable
                        .Range(0, length)
                        .Select(_ => new RankKey(random.Next(1, 40), new ConnectionId(part % 2, ++number / 2)))
                        .ToList()
            ),
        ];
        List<ConnectionId> expected =
        [
            .. parts
                .SelectMany(static part => part)
                .OrderByDescending(static one => one.Key)
                .ThenBy(static one => one.Id.Number)
                .ThenBy(static one => one.Id.Loop)
                .Select(static one => one.Id)
                .Skip(offset)
                .Take(limit),
        ];
        Assert.Equal(expected, RankOrder.Page(parts, offset, limit));
    }

    [Fact]
    public void Nothing_has_no_page() => Assert.Empty(RankOrder.Page([], 0, 25));
}
