using System.Net;
using TlsGateway.Actors.Routing;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Routing;

public sealed class AccessListTests
{
    [Theory]
    [InlineData("", "10.0.0.0/8", "10.1.1.1", false)]
    [InlineData("", "10.0.0.0/8", "11.1.1.1", true)]
    [InlineData("10.0.0.0/8", "", "10.1.1.1", true)]
    [InlineData("10.0.0.0/8", "", "11.1.1.1", false)]
    [InlineData("10.0.0.0/8", "10.9.0.0/16", "10.9.1.1", false)]
    [InlineData("10.0.0.0/8", "10.9.0.0/16", "10.8.1.1", true)]
    [InlineData("10.9.7.0/24", "10.9.0.0/16", "10.9.7.1", true)]
    [InlineData("10.0.0.0/8", "10.0.0.0/8", "10.1.1.1", false)]
    [InlineData("", "0.0.0.0/0", "10.1.1.1", false)]
    [InlineData("", "0.0.0.0/0", "::1", true)]
    public void The_longest_entry_decides(string allow, string deny, string address, bool admitted) =>
        Assert.Equal(admitted, new AccessList(Read(allow), Read(deny)).Admits(InetEndPoint.From(IPAddress.Parse(address), 1)));

    private static IPNetwork[] Read(string text) => text.Length == 0 ? [] : [IPNetwork.Parse(text)];
}
