using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using TlsGateway.Fleet.Tests.Support;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Cluster.Tests.Support;

/// <summary>Gateways as a fleet: a namespace and an address each, joined by a bridge, on which the tests and the backend have an address too. All is removed at the end.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Of the range for tests of networks (RFC 2544), another for each process: several may test on one machine.</summary>
    private static readonly string Network = string.Create(
        CultureInfo.InvariantCulture,
        $"198.{18 + (Environment.ProcessId / 250 % 2)}.{Environment.ProcessId % 250}"
    );
    private const string Token = "a-token-of-the-cluster-tests";
    private static int s_fleets;

    /// <summary>Another for each fleet: the kernel takes its time to remove an interface.</summary>
    private readonly string _prefix = string.Create(
        CultureInfo.InvariantCulture,
        $"g{Environment.ProcessId % 100000}x{Interlocked.Increment(ref s_fleets)}"
    );
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fleet-");
    private EchoBackend? _backend;
    private FakeApiServer? _pods;

    private TestFleet() { }

    /// <summary>The address of clients and backend.</summary>
    public static string Outside { get; } = $"{Network}.254";

    public Member[] Members { get; private set; } = [];

    /// <summary>The members' authority.</summary>
    public MemberCertificates Certificates { get; } = new();

    /// <summary>Another address for clients: they come from one that the backend has too, else.</summary>
    public static IPAddress OtherClient { get; } = IPAddress.Parse($"{Network}.253");

    /// <summary>Starts members, and waits until they are one fleet, and ready.</summary>
    /// <param name="members">So many.</param>
    /// <param name="cluster">More of the cluster's section, in one line each, indented by two.</param>
    /// <param name="more">More of the configuration.</param>
    /// <param name="upstream">The backend's section in braces, with HOST for the address of the tests' side; null: an echo.</param>
    /// <param name="tls">More of the listener's section on TLS, each after a comma.</param>
    /// <param name="pods">An API server at <see cref="Outside"/> by which they find each other; null: by seeds.</param>
    public static async Task<TestFleet> StartAsync(
        int members,
        string cluster = "",
        string more = "",
        string? upstream = null,
        string tls = "",
        Func<Task<FakeApiServer>>? pods = null
    )
    {
        if (Environment.UserName != "root")
        {
            Assert.Skip("network namespaces need root");
        }
        Shell.Require("ip", "nft", "openssl");
        TestFleet fleet = new();
        try
        {
            fleet.SetUpNetwork();
            fleet._pods = pods is null ? null : await pods();
            fleet.SetUp(members, cluster, more, upstream, tls);
            foreach (var member in fleet.Members)
            {
                member.Start();
            }
            await fleet.WholeAsync(fleet.Members);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until these, and no others, are members for each other, with keys, and ready.</summary>
    public async Task WholeAsync(params Member[] members) =>
        await UntilAsync(
            async () =>
            {
                foreach (var member in members)
                {
                    if (
                        await member.FleetAsync() is not { } fleet
                        || Text(fleet, "standing") != "member"
                        || Up(fleet).Count() != members.Length
                        || fleet.GetProperty("members").GetArrayLength() != members.Length
                        || !Up(fleet).All(static one => Text(one, "ticketKeys") == "fleet")
                        || await member.ReadinessAsync() != "ready"
                    )
                    {
                        return false;
                    }
                }
                return true;
            },
            $"{members.Length} are a fleet",
            () => string.Join("\n----\n", Members.Select(static one => $"{one.Address}\n{one.Log}"))
        );

    /// <summary>The one that makes the keys.</summary>
    public async Task<Member> OldestAsync()
    {
        var fleet = (await Members.First(static one => !one.HasEnded).FleetAsync())!.Value;
        var address = Text(
            fleet.GetProperty("members").EnumerateArray().Single(static one => one.GetProperty("oldest").GetBoolean()),
            "address"
        );
        return Members.Single(one => address == $"{one.Address}:4053");
    }

    /// <summary>The oldest member, or one that is not.</summary>
    public async Task<Member> PickAsync(bool isOldest)
    {
        var oldest = await OldestAsync();
        return isOldest ? oldest : Members.Last(one => one != oldest);
    }

    /// <summary>Members no longer hear this one at the member port, nor it them; clients and backend notice nothing.</summary>
    public static void Cut(Member member) =>
        Shell.Run(
            $"ip netns exec {member.Space} nft 'add table inet cut; add chain inet cut in {{ type filter hook input priority 0; }}; "
                + "add chain inet cut out { type filter hook output priority 0; }; "
                + "add rule inet cut in tcp dport 4053 drop; add rule inet cut in tcp sport 4053 drop; "
                + "add rule inet cut out tcp dport 4053 drop; add rule inet cut out tcp sport 4053 drop'"
        );

    /// <summary>As <see cref="Cut"/>, for one from one other.</summary>
    public static void Cut(Member member, Member from) =>
        Shell.Run(
            $"ip netns exec {member.Space} nft 'add table inet cut; add chain inet cut in {{ type filter hook input priority 0; }}; "
                + $"add rule inet cut in ip saddr {from.Address} drop'"
        );

    /// <summary>Nothing comes to this port of the member, nor an answer that it is so.</summary>
    public static void CutPort(Member member, int port) =>
        Shell.Run(
            $"ip netns exec {member.Space} nft 'add table inet cut; add chain inet cut in {{ type filter hook input priority 0; }}; "
                + $"add rule inet cut in tcp dport {port} drop'"
        );

    /// <summary>How many connections each of these serves, by its own word.</summary>
    public static async Task<long[]> ConnectionsAsync(params Member[] members) =>
        await Task.WhenAll(members.Select(static async one => (long)await one.SumAsync("gateway_active_connections")));

    public static void Heal(Member member) => Shell.Run($"ip netns exec {member.Space} nft delete table inet cut");

    /// <summary>A session begun at one member is resumed at another, by openssl's word.</summary>
    public void AssertResumes(Member from, Member at)
    {
        var file = Path.Combine(_folder.FullName, "session.pem");
        File.Delete(file);
        var first = Say(from, $"-sess_out {file}");
        Assert.Contains("New, TLSv1.3", first, StringComparison.Ordinal);
        Assert.Contains("Reused, TLSv1.3", Say(at, $"-sess_in {file}"), StringComparison.Ordinal);
    }

    /// <summary>Waits for the echo of one line, so that the ticket has come.</summary>
    private static string Say(Member member, string arguments) =>
        Shell.Run(
            $"(echo hello; i=0; while [ $i -lt 20 ]; do i=$((i+1)); sleep 0.05; done) | openssl s_client -connect {member.Clients} {arguments} 2>&1"
        );

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, Func<string>? log = null)
    {
        using CancellationTokenSource patience = new(Patience);
        using PeriodicTimer poll = new(TimeSpan.FromMilliseconds(100));
        while (!await condition())
        {
            try
            {
                await poll.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"not within {Patience}: {what}\n{log?.Invoke()}");
            }
        }
    }

    public static IEnumerable<JsonElement> Up(JsonElement fleet) =>
        fleet
            .GetProperty("members")
            .EnumerateArray()
            .Where(static one => Text(one, "status") == "up" && one.GetProperty("reachable").GetBoolean());

    public static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public async ValueTask DisposeAsync()
    {
        foreach (var member in Members)
        {
            member.Dispose();
            Shell.Try($"ip link delete {member.Space}h; ip netns delete {member.Space}");
        }
        Shell.Try($"ip link delete {_prefix}");
        _backend?.Dispose();
        Certificates.Dispose();
        _folder.Delete(recursive: true);
        if (_pods is not null)
        {
            await _pods.DisposeAsync();
        }
    }

    private void SetUpNetwork() =>
        Shell.Run(
            $"ip link add {_prefix} type bridge && ip addr add {Network}.254/24 dev {_prefix} && ip addr add {OtherClient}/24 dev {_prefix} && ip link set {_prefix} up"
        );

    private void SetUp(int members, string cluster, string more, string? upstream, string tls)
    {
        _backend = new EchoBackend(IPAddress.Parse($"{Network}.254"));
        var backend = upstream?.Replace("HOST", $"{Network}.254", StringComparison.Ordinal) ?? $"{{ address: \"{_backend.EndPoint}\" }}";
        Write("token", Token);
        using (var edge = Certificates.Issue(role: "localhost", host: null, purposes: ["1.3.6.1.5.5.7.3.1"]))
        {
            Write("edge.pem", Pem(edge));
        }
        Write("authorities.pem", Certificates.Authority.ExportCertificatePem());
        for (var number = 1; number <= members; number++)
        {
            Members = [.. Members, Make(number, members, cluster, more, backend, tls)];
        }
    }

    private Member Make(int number, int members, string cluster, string more, string backend, string tls)
    {
        var (space, address) = ($"{_prefix}-{number}", $"{Network}.{number}");
        Shell.Run(
            $"ip netns add {space} && ip link add {space}h type veth peer name eth0 netns {space} && ip link set {space}h master {_prefix} up"
                + $" && ip -n {space} addr add {address}/24 dev eth0 && ip -n {space} link set eth0 up && ip -n {space} link set lo up"
        );
        using var certificate = Certificates.Issue(host: address);
        Write($"member-{number}.pem", Pem(certificate));
        var file = Write(
            $"gateway-{number}.yaml",
            $$"""
            stateFolder: {{_folder.FullName}}/state-{{number}}
            eventLoops: 1
            admin: { bind: "{{address}}:9901", readTokenFile: token }
            drain: { grace: 2s, timeout: 20s }
            cluster:
              bind: "{{address}}:4053"
              {{Others(members)}}
              stableAfter: 3s
              tls: { certificate: { certificate: member-{{number}}.pem }, authorities: authorities.pem, role: {{MemberCertificates.Role}} }
            {{cluster}}
            {{more}}
            listeners:
              - { name: tls, bind: "{{address}}:8443", upstream: backend, tls: { certificates: [{ certificate: edge.pem }]{{tls}} } }
            upstreams:
              backend: {{backend}}
            """
        );
        _pods?.Pods.Put($"gw-{number}", address);
        return new Member(space, IPAddress.Parse(address), file, Token, _pods);
    }

    /// <summary>How a member finds them.</summary>
    private string Others(int members) =>
        _pods is null
            ? $"seeds: [{string.Join(", ", Enumerable.Range(1, Math.Min(members, 3)).Select(static one => $"\"{Network}.{one}:4053\""))}]"
            : $"kubernetes: {{ namespace: {FakeApiServer.Namespace}, labels: app=gw, contactPoints: {(members / 2) + 1} }}";

    /// <summary>With its key.</summary>
    public static string Pem(X509Certificate2 one)
    {
        using var key = one.GetECDsaPrivateKey()!;
        return one.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>A file beside the members' configurations; its path.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
