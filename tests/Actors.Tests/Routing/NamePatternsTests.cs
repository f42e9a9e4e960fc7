using TlsGateway.Actors.Routing;

namespace TlsGateway.Actors.Tests.Routing;

public sealed class NamePatternsTests
{
    [Theory]
    [InlineData("www.example.com", "www.example.com", true)]
    [InlineData("WWW.Example.com", "www.example.com", true)]
    [InlineData("www.example.com", "example.com", false)]
    [InlineData("www.example.com", "x.www.example.com", false)]
    [InlineData("*.example.com", "a.example.com", true)]
    [InlineData("*.example.com", "a.b.example.com", true)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("*.example.com", "badexample.com", false)]
    [InlineData("*.example.com", "a.example.com.evil.test", false)]
    [InlineData("~^api-[0-9]+\\.", "api-7.example.com", true)]
    [InlineData("~^api-[0-9]+\\.", "x-api-7.example.com", false)]
    [InlineData("~example", "an.EXAMPLE.test", true)]
    [InlineData("~.", "", false)]
    [InlineData("*.example.com", "", false)]
    public void A_pattern_fits_a_name(string pattern, string name, bool fits) =>
        Assert.Equal(fits, Parse(pattern).Match(name.ToLowerInvariant()));

    [Fact]
    public void One_of_several_is_enough()
    {
        var patterns = Parse("a.test", "*.b.test", "~^c");
        Assert.All(["a.test", "x.b.test", "c.test"], name => Assert.True(patterns.Match(name)));
        Assert.False(patterns.Match("b.test"));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("*.")]
    [InlineData("a.*.example.com")]
    [InlineData("*example.com")]
    [InlineData("example.com.")]
    [InlineData(".example.com")]
    [InlineData("a..b")]
    [InlineData("ex ample.com")]
    [InlineData("")]
    [InlineData("https://example.com")]
    [InlineData("~(")]
    [InlineData("~(a)\\1")]
    [InlineData("~(?=a)b")]
    public void What_is_no_pattern_is_said(string text)
    {
        Assert.False(NamePatterns.TryParse(["good.test", text], out var patterns, out var wrong, out var problem));
        Assert.Null(patterns);
        Assert.Equal(1, wrong);
        Assert.StartsWith("which ", problem, StringComparison.Ordinal);
    }

    private static NamePatterns Parse(params string[] texts)
    {
        Assert.True(NamePatterns.TryParse(texts, out var patterns, out _, out var problem), problem);
        return patterns;
    }
}
