using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.Tests.ClientCertificates;

public sealed class ClientMatchTests
{
    [Theory]
    [InlineData("a.b", "a.b", '.', true)]
    [InlineData("a.b", "a.bc", '.', false)]
    [InlineData("a.bc", "a.b", '.', false)]
    [InlineData("*.b", "a.b", '.', true)]
    [InlineData("*.b", "x.a.b", '.', false)]
    [InlineData("*.b", ".b", '.', true)]
    [InlineData("a*c.b", "abbc.b", '.', true)]
    [InlineData("a*c.b", "ab.c.b", '.', false)]
    [InlineData("*a*a*.b", "xaxax.b", '.', true)]
    [InlineData("spiffe://td/ns/*/sa/*", "spiffe://td/ns/x/sa/y", '/', true)]
    [InlineData("spiffe://td/ns/*/sa/*", "spiffe://td/ns/x/sa/y/z", '/', false)]
    [InlineData("spiffe://td/ns/*/sa/*", "spiffe://td/ns/x/y/sa/z", '/', false)]
    [InlineData("spiffe://td/*", "spiffe://td.evil/x", '/', false)]
    [InlineData("*", "", '/', true)]
    [InlineData("*", "a/b", '/', false)]
    [InlineData("Ops *", "Ops and more", '\0', true)]
    [InlineData("", "", '.', true)]
    [InlineData("", "a", '.', false)]
    public void A_star_stands_for_characters_of_one_part(string pattern, string name, char separator, bool fits) =>
        Assert.Equal(fits, ClientMatch.Fits(pattern, name, separator));

    [Fact]
    public void It_says_what_a_slow_and_simple_matcher_says()
    {
        Random random = new(5);
        for (var i = 0; i < 20_000; i++)
        {
            var pattern = Text(random, "ab.*");
            var name = Text(random, "ab.");
            Assert.True(Simple(pattern, name) == ClientMatch.Fits(pattern, name, '.'), $"'{pattern}' and '{name}'");
        }
    }

    [Fact]
    public void A_pattern_of_stars_takes_no_longer_than_the_lengths_allow()
    {
        // Exponential in a matcher that goes back to every star.
        Assert.False(ClientMatch.Fits(string.Concat(Enumerable.Repeat("a*", 1000)) + "b", new string('a', 10_000), '.'));
    }

    [Fact]
    public void All_parts_of_an_entry_must_fit()
    {
        var peer = Peer("alice", "ops", ["A.Svc.Test"], ["https://x/y"]);
        Assert.True(new ClientMatch("alice", "ops", "*.svc.test", "https://x/*").Fits(peer));
        Assert.False(new ClientMatch("alice", "dev", null, null).Fits(peer));
        Assert.False(new ClientMatch("Alice", null, null, null).Fits(peer));
        Assert.True(new ClientMatch(null, null, "A.SVC.TEST", null).Fits(peer));
    }

    [Fact]
    public void A_spiffe_id_counts_only_alone()
    {
        ClientMatch match = new(null, null, null, "spiffe://td/a");
        Assert.True(match.Fits(Peer("x", "y", [], ["spiffe://td/a"])));
        Assert.False(match.Fits(Peer("x", "y", [], ["spiffe://td/a", "spiffe://td/b"])));
    }

    private static TlsPeerCertificate Peer(string name, string unit, string[] dnsNames, string[] uris) =>
        new($"CN={name}", "CN=ca", "01", default, default, [name], [unit], dnsNames, uris, default, default);

    private static string Text(Random random, string letters) =>
        string.Create(random.Next(0, 9), (random, letters), static (span, s) => s.random.GetItems(s.letters, span));

    private static bool Simple(string pattern, string name) =>
        pattern.Length == 0 ? name.Length == 0
        : pattern[0] == '*' ? Simple(pattern[1..], name) || (name.Length > 0 && name[0] != '.' && Simple(pattern, name[1..]))
        : name.Length > 0 && name[0] == pattern[0] && Simple(pattern[1..], name[1..]);
}
