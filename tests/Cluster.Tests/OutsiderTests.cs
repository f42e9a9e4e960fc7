using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Cluster.Tests.Support;
using TlsGateway.Fleet.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>What who is no member can do at the member port of running gateways. One fleet for all, which stays whole and serves clients whatever comes.</summary>
public sealed class OutsiderTests(OutsiderTests.OneFleet shared) : IClassFixture<OutsiderTests.OneFleet>
{
    private const int MemberPort = 4053;
    private const int Crowd = 200;

    /// <param name="kind">What it shows.</param>
    /// <param name="reason">As the log has it.</param>
    [Theory]
    [InlineData("nothing", "it shows no certificate")]
    [InlineData("of another authority", "its certificate CN=member does not come from the members' authorities")]
    [InlineData("without the role", "its certificate CN=member does not have the name members.test of members")]
    [InlineData("for any name", "its certificate CN=member does not have the name members.test of members")]
    [InlineData("for servers only", "its certificate CN=member is not for servers and clients both")]
    [InlineData("that is over", "its certificate CN=member does not come from the members' authorities (NotTimeValid)")]
    public async Task Who_shows_no_certificate_of_a_member_is_refused_also_with_the_session_that_it_got(string kind, string reason)
    {
        var fleet = await shared.GetAsync();
        var member = fleet.Members[1];
        using var certificate = Issue(fleet, kind);
        var shown = certificate is null ? "" : $"-cert {fleet.Write("outsider.pem", TestFleet.Pem(certificate))}";
        var session = fleet.Write("outsider-session.pem", "");
        var before = Refusals(member);
        await WhileServingAsync(
            fleet,
            async () =>
            {
                AssertEnds(Say(member, $"{shown} -sess_out {session}"));
                await ExpectRefusalsAsync(member, before + 1);
                Assert.NotEmpty(await File.ReadAllTextAsync(session, TestContext.Current.CancellationToken));
                AssertEnds(Say(member, $"{shown} -sess_in {session}"));
                await ExpectRefusalsAsync(member, before + 2);
            }
        );
        Assert.Contains($", since {reason}", member.Log, StringComparison.Ordinal);
    }

    /// <summary>Else the tests above would say nothing.</summary>
    [Fact]
    public async Task A_certificate_of_a_member_is_not_refused_but_what_is_said_with_it_is_no_frame()
    {
        var fleet = await shared.GetAsync();
        var member = fleet.Members[1];
        var before = Refusals(member);
        using var certificate = fleet.Certificates.Issue(host: TestFleet.Outside);
        var shown = $"-cert {fleet.Write("member.pem", TestFleet.Pem(certificate))}";
        await WhileServingAsync(
            fleet,
            () =>
            {
                AssertEnds(Say(member, shown));
                return Task.CompletedTask;
            }
        );
        await ExpectRefusalsAsync(member, before);
    }

    [Theory]
    [InlineData("text", "474554202F20485454502F312E310D0A0D0A")]
    [InlineData("a frame of the remoting", "140000000A120A1008011A0C0A05666C65657412013103")]
    [InlineData("a frame that claims two gigabytes", "FFFFFF7F00000000")]
    [InlineData("a record of data before any handshake", "170303000400010203")]
    [InlineData("a record of a handshake that is none", "1603010004FFFFFFFF")]
    [InlineData("a record that claims 64 KiB", "160301FFFF01000000")]
    [InlineData("an alert", "15030100020228")]
    public async Task Bytes_that_are_no_client_hello_end_the_connection_and_are_logged(string what, string hex)
    {
        var fleet = await shared.GetAsync();
        var member = fleet.Members[2];
        var before = Refusals(member);
        await WhileServingAsync(
            fleet,
            async () =>
            {
                using var socket = await ConnectAsync(member);
                await socket.SendAsync(Convert.FromHexString(hex), TestContext.Current.CancellationToken);
                await ExpectEndAsync(socket);
                await TestFleet.UntilAsync(() => Task.FromResult(IsLogged(member, socket)), $"{what} is logged", () => member.Log);
            }
        );
        await ExpectRefusalsAsync(member, before + 1);
        // Not what was sent: it would let an outsider write the log.
        Assert.DoesNotContain(hex, member.Log, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Some say nothing, some half of a ClientHello, and then nothing more. Nothing is kept for them for ever.</summary>
    [Fact]
    public async Task Who_falls_silent_is_cut_off_and_nothing_of_it_is_left()
    {
        var fleet = await shared.GetAsync();
        var before = fleet.Members.Select(static one => (Descriptors: Descriptors(one), Refusals: Refusals(one))).ToArray();
        await WhileServingAsync(
            fleet,
            async () =>
            {
                var silent = await Task.WhenAll(Enumerable.Range(0, Crowd).Select(i => ConnectAsync(fleet.Members[i % 3])));
                try
                {
                    foreach (var (i, socket) in silent.Index().Where(static one => one.Index % 2 == 0))
                    {
                        await socket.SendAsync(Convert.FromHexString(i % 4 == 0 ? "1603010200" : "16030102000100"));
                    }
                    await Task.WhenAll(silent.Select(ExpectEndAsync));
                }
                finally
                {
                    Array.ForEach(silent, static one => one.Dispose());
                }
            }
        );
        foreach (var (i, member) in fleet.Members.Index())
        {
            await ExpectRefusalsAsync(member, before[i].Refusals + Enumerable.Range(0, Crowd).Count(one => one % 3 == i));
            await TestFleet.UntilAsync(
                () => Task.FromResult(Descriptors(member) < before[i].Descriptors + (Crowd / 10)),
                "their sockets are closed"
            );
        }
    }

    [Fact]
    public async Task Many_at_once_are_refused_each_and_counted()
    {
        var fleet = await shared.GetAsync();
        var before = fleet.Members.Select(Refusals).ToArray();
        using var certificate = Issue(fleet, "without the role")!;
        await WhileServingAsync(
            fleet,
            () => Task.WhenAll(Enumerable.Range(0, Crowd).Select(i => ExpectRefusalAsync(fleet.Members[i % 2], certificate)))
        );
        await ExpectRefusalsAsync(fleet.Members[0], before[0] + (Crowd / 2));
        await ExpectRefusalsAsync(fleet.Members[1], before[1] + (Crowd / 2));
        await ExpectRefusalsAsync(fleet.Members[2], before[2]);
    }

    /// <summary>Old and new clients of every member are served meanwhile and after it, and nobody has left the fleet, not for a moment.</summary>
    private static async Task WhileServingAsync(TestFleet fleet, Func<Task> attack)
    {
        await using ManyClients held = new();
        foreach (var member in fleet.Members)
        {
            await held.AddAsync(member.Clients, 2);
        }
        var attacking = attack();
        await TestFleet.UntilAsync(
            async () =>
            {
                await held.EchoAsync();
                await AssertServesAsync(fleet);
                return attacking.IsCompleted;
            },
            "it is over"
        );
        await attacking;
        await fleet.WholeAsync(fleet.Members);
        await held.EchoAsync();
        await AssertServesAsync(fleet);
        Assert.All(
            fleet.Members,
            static one =>
            {
                Assert.False(one.HasEnded);
                Assert.DoesNotContain("No longer one of the fleet", one.Log, StringComparison.Ordinal);
                Assert.Equal(2, one.Log.Split("One of a fleet as").Length);
            }
        );
    }

    private static async Task AssertServesAsync(TestFleet fleet)
    {
        await using ManyClients fresh = new();
        foreach (var member in fleet.Members)
        {
            await fresh.AddAsync(member.Clients, 1);
        }
        await fresh.EchoAsync();
    }

    private static X509Certificate2? Issue(TestFleet fleet, string kind)
    {
        if (kind == "of another authority")
        {
            // With the role, and under the same names: only the key is another.
            using MemberCertificates others = new();
            return Copy(others.Issue(host: TestFleet.Outside));
        }
        var ours = fleet.Certificates;
        return kind switch
        {
            "nothing" => null,
            "without the role" => Copy(ours.Issue(role: null, host: TestFleet.Outside)),
            "for any name" => Copy(ours.Issue(role: "*.test", host: TestFleet.Outside)),
            "for servers only" => Copy(ours.Issue(host: TestFleet.Outside, purposes: ["1.3.6.1.5.5.7.3.1"])),
            "that is over" => Copy(ours.Issue(host: TestFleet.Outside, days: 0)),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
    }

    /// <summary>Its own key: what it was issued by ends it.</summary>
    private static X509Certificate2 Copy(X509Certificate2 one) =>
        X509CertificateLoader.LoadPkcs12(one.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);

    /// <summary>Says a line and then stays until the other side ends it; 124: that it never did.</summary>
    private static (int Status, string Output) Say(Member member, string arguments) =>
        Shell.Try(
            $"echo XXXXXXXX | timeout {TestFleet.Patience.TotalSeconds} openssl s_client -connect {member.Address}:{MemberPort} -ign_eof {arguments} 2>&1"
        );

    /// <summary>Whatever is said: a TLS alert, or the end of the connection; no byte of a member's.</summary>
    private static void AssertEnds((int Status, string Output) said)
    {
        Assert.True(said.Status is not (0 or 124), $"status {said.Status}: {said.Output}");
        Assert.Matches("unexpected eof while reading|alert|errno=104", said.Output);
    }

    private static async Task<Socket> ConnectAsync(Member member)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using CancellationTokenSource patience = new(TestFleet.Patience);
        await socket.ConnectAsync(new IPEndPoint(member.Address, MemberPort), patience.Token);
        return socket;
    }

    /// <summary>An alert may come first.</summary>
    private static async Task ExpectEndAsync(Socket socket)
    {
        using CancellationTokenSource patience = new(TestFleet.Patience);
        var heard = new byte[256];
        var length = 0;
        try
        {
            while (await socket.ReceiveAsync(heard.AsMemory(length), patience.Token) is > 0 and var more)
            {
                length += more;
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It had not read all.
        }
        Assert.True(length == 0 || (length == 7 && heard[0] == 21), Convert.ToHexString(heard.AsSpan(0, length)));
    }

    private static async Task ExpectRefusalAsync(Member member, X509Certificate2 certificate)
    {
        using var socket = await ConnectAsync(member);
        using CancellationTokenSource patience = new(TestFleet.Patience);
        await using SslStream stream = new(new NetworkStream(socket), leaveInnerStreamOpen: false, static (_, _, _, _) => true);
        try
        {
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = member.Address.ToString(), ClientCertificates = [certificate] },
                patience.Token
            );
            Assert.Equal(0, await stream.ReadAsync(new byte[1], patience.Token));
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException)
        {
            // An alert, or a reset.
        }
    }

    /// <summary>By its log.</summary>
    private static int Refusals(Member member) => member.Log.Split("Refused at the member port: ").Length - 1;

    /// <summary>By its log and its metric, which agree.</summary>
    private static Task ExpectRefusalsAsync(Member member, int count) =>
        TestFleet.UntilAsync(
            async () => Refusals(member) == count && await CountedAsync(member) == count,
            $"{count} were refused",
            () => member.Log
        );

    /// <summary>Null: it does not answer.</summary>
    private static async Task<double?> CountedAsync(Member member)
    {
        try
        {
            return await member.SumAsync("gateway_fleet_refused_total");
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private static bool IsLogged(Member member, Socket socket) =>
        member.Log.Contains(
            string.Create(CultureInfo.InvariantCulture, $"{TestFleet.Outside}]:{((IPEndPoint)socket.LocalEndPoint!).Port}"),
            StringComparison.Ordinal
        );

    private static int Descriptors(Member member) => Directory.GetFiles($"/proc/{member.Id}/fd").Length;

    /// <summary>Begins with the first test that wants it, so that one can be skipped.</summary>
    public sealed class OneFleet : IAsyncDisposable
    {
        private TestFleet? _fleet;

        public async ValueTask DisposeAsync()
        {
            if (_fleet is not null)
            {
                await _fleet.DisposeAsync();
            }
        }

        internal async Task<TestFleet> GetAsync() => _fleet ??= await TestFleet.StartAsync(3);
    }
}
