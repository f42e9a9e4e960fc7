using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Tests.Support;

namespace TlsGateway.Fleet.Tests.Membership;

/// <summary>Whole members against each other, over mutual TLS.</summary>
public sealed class FleetNodeTests
{
    [Fact]
    public async Task Three_members_find_each_other_and_tell_how_they_are()
    {
        await using TestFleet fleet = new(3);
        fleet.Hosts[1].Connections = 17;
        await fleet.FormAsync();
        await TestFleet.UntilAsync(() => Of(fleet.Nodes[0], "member-1").Load!.Connections == 17, "the load of another");
        var seen = fleet.Nodes[2].Current;
        Assert.Equal(["member-0", "member-1", "member-2"], seen.Members.Select(static one => one.Name));
        Assert.Equal("member-2", Assert.Single(seen.Members, static one => one.IsSelf).Name);
        Assert.Equal(fleet.Addresses.Select(static one => one.ToString()).Order(), seen.Members.Select(static one => one.Address).Order());
        Assert.Single(seen.Members, static one => one.IsOldest);
        Assert.All(seen.Members, static one => Assert.True(one.IsReachable));
        Assert.Empty(seen.Disagreements);
    }

    [Fact]
    public async Task One_that_leaves_is_missed_at_once()
    {
        await using TestFleet fleet = new(3);
        await fleet.FormAsync();
        await fleet.Nodes[1].DisposeAsync();
        await TestFleet.UntilAsync(
            () => fleet.Nodes[0].Current.Members.Count == 2 && fleet.Nodes[2].Current.Members.Count == 2,
            "the others go on as two"
        );
        Assert.All(fleet.Nodes[0].Current.Members, static one => Assert.True(one.IsReachable, "it went without a word"));
    }

    [Fact]
    public async Task A_new_certificate_is_taken_by_leaving_and_joining_again()
    {
        await using TestFleet fleet = new(3);
        await fleet.FormAsync();
        await TestFleet.UntilAsync(() => Array.TrueForAll(fleet.Hosts, static host => host.Keys?.Sealing is not null), "all have keys");
        var sealing = fleet.Hosts[2].Keys!.Sealing!.Key;
        fleet.Nodes[2].Use(fleet.Settings(2));
        await TestFleet.UntilAsync(() => fleet.Nodes[2].Begun == 2, "it begins again");
        await TestFleet.UntilAsync(
            () => Array.TrueForAll(fleet.Nodes, static node => node.Current.Members.Count(static one => one.Status == "up") == 3),
            "all are members again"
        );
        Assert.True(fleet.Hosts[2].Keys!.Sealing!.Key.IsSameAs(sealing), "it goes on with the same keys");
    }

    [Fact]
    public async Task The_same_settings_change_nothing()
    {
        await using TestFleet fleet = new(1);
        var settings = fleet.Settings(0);
        await using FleetNode node = new(
            settings,
            fleet.Hosts[0],
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
            fleet.Time
        );
        node.Start();
        await TestFleet.UntilAsync(() => node.Current.Standing == FleetStanding.Member, "a fleet of one");
        node.Use(settings with { Seeds = [.. settings.Seeds] });
        await TestFleet.UntilAsync(() => fleet.Hosts[0].Keys?.Sealing is not null, "it makes its keys");
        Assert.Equal(1, node.Begun);
    }

    [Fact]
    public async Task Outsiders_are_refused_and_counted()
    {
        await using TestFleet fleet = new(1);
        await fleet.FormAsync();
        var member = new IPEndPoint(IPAddress.Loopback, fleet.Addresses[0].Port);
        using MemberCertificates others = new();
        await AssertRefusedAsync(member, null);
        await AssertRefusedAsync(member, others.Issue());
        await AssertRefusedAsync(member, fleet.Certificates.Issue(role: null));
        await AssertRefusedAsync(member, fleet.Certificates.Issue(purposes: ["1.3.6.1.5.5.7.3.1"]));
        await AssertRefusedAsync(member, fleet.Certificates.Issue(days: 0));
        // Bytes that are no TLS end the connection and nothing else.
        using TcpClient garbage = new();
        await garbage.ConnectAsync(member);
        await garbage.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await ReadToEndAsync(garbage.GetStream());
        await TestFleet.UntilAsync(() => fleet.Nodes[0].Refused == 6, "all are counted");
        Assert.Equal(FleetStanding.Member, fleet.Nodes[0].Current.Standing);
        Assert.Equal(1, fleet.Nodes[0].Begun);
        // And a member gets in.
        await using var welcome = await ConnectAsync(member, fleet.Certificates.Issue());
        await welcome.WriteAsync(new byte[] { 0, 0, 0, 0 });
    }

    private static MemberSnapshot Of(FleetNode node, string name) => node.Current.Members.Single(one => one.Name == name);

    /// <summary>In TLS 1.3 the refusal comes after the client's handshake is done: the connection ends before anything is said.</summary>
    private static async Task AssertRefusedAsync(IPEndPoint member, X509Certificate2? certificate)
    {
        try
        {
            await using var stream = await ConnectAsync(member, certificate);
            Assert.Equal(0, await ReadToEndAsync(stream));
        }
        catch (Exception refused) when (refused is System.Security.Authentication.AuthenticationException or IOException)
        {
            // So much for it.
        }
    }

    private static async Task<SslStream> ConnectAsync(IPEndPoint member, X509Certificate2? certificate)
    {
        TcpClient client = new();
        await client.ConnectAsync(member);
        SslStream stream = new(client.GetStream(), leaveInnerStreamOpen: false, static (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "127.0.0.1",
                ClientCertificates = certificate is null ? [] : [certificate],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!,
            }
        );
        return stream;
    }

    private static async Task<int> ReadToEndAsync(Stream stream)
    {
        using CancellationTokenSource patience = new(TestFleet.Patience);
        var all = 0;
        var buffer = new byte[256];
        try
        {
            while (await stream.ReadAsync(buffer, patience.Token) is var read and > 0)
            {
                all += read;
            }
        }
        catch (IOException)
        {
            // A reset is an end too.
        }
        return all;
    }
}
