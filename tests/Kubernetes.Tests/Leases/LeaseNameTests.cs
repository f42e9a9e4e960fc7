using System.Text.RegularExpressions;
using TlsGateway.Kubernetes.Leases;

namespace TlsGateway.Kubernetes.Tests.Leases;

public sealed partial class LeaseNameTests
{
    [Theory]
    [InlineData("gateway-akka-sbr", "gateway-akka-sbr")]
    [InlineData("a", "a")]
    public void A_name_that_is_a_label_stays(string name, string kept) => Assert.Equal(kept, LeaseName.From(name));

    [Theory]
    [InlineData("Gateway")]
    [InlineData("gateway_singleton/keys")]
    [InlineData("-x-")]
    [InlineData("---")]
    [InlineData("")]
    [InlineData("łódź")]
    [InlineData("a.b")]
    [InlineData("this-name-is-a-good-deal-longer-than-what-a-label-of-the-dns-can-hold-so-it-is-cut")]
    public void Any_other_becomes_one(string name)
    {
        var label = LeaseName.From(name);

        Assert.Matches(DnsLabel(), label);
        Assert.Equal(label, LeaseName.From(name));
    }

    [Fact]
    public void Two_names_stay_two()
    {
        var longName = new string('n', 100);
        string[] names = ["a_b", "a-b", "A-b", "a.b", "a/b", "-a-b", longName, longName + "x", longName[..63], "", "-", "--"];

        Assert.Equal(names.Length, names.Select(LeaseName.From).Distinct().Count());
    }

    [GeneratedRegex("^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$", RegexOptions.None, 1000)]
    private static partial Regex DnsLabel();
}
