using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Ocsp;
using TlsGateway.Gateway.Tests.Support;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Revocation;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Tests.Ocsp;

/// <summary>What is stapled when, against a responder of our own whose answers live for a day.</summary>
public sealed class StapleKeeperTests : IAsyncDisposable
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly AuthorityFolder _authority;
    private readonly Responder _responder;
    private readonly List<StapleKeeper> _keepers = [];

    public StapleKeeperTests()
    {
        _authority = new AuthorityFolder(_folder.File("ca"));
        AuthorityRequest root = new()
        {
            Subject = DistinguishedName.CommonName("Root"),
            Places = new RevocationPlaces(CrlUrl: null, OcspUrl: "http://responder.test/"),
        };
        AuthorityBirth.MakeRoot(_authority, root, _time);
        _responder = new Responder(new OcspResponder(_authority, OcspSigner.LoadOrIssue(_authority, passphrase: null, _time), Day, _time));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var keeper in _keepers)
        {
            await keeper.DisposeAsync();
        }
        _responder.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_response_is_fetched_and_fetched_again_at_half_its_time()
    {
        var keeper = Keeper();
        var staple = await StapleAsync(keeper, Issue());
        await keeper.WhenQuietAsync();
        var first = Held(staple);
        Assert.NotNull(first);
        await AdvanceAsync(keeper, (Day / 2) - StapleKeeper.Tick);
        Assert.Equal(1, _responder.Asked);
        await AdvanceAsync(keeper, StapleKeeper.Tick * 2);
        Assert.Equal(2, _responder.Asked);
        Assert.NotEqual(first, Held(staple));
    }

    [Fact]
    public async Task A_responder_that_fails_is_asked_ever_more_rarely_and_the_response_serves_to_its_end()
    {
        var keeper = Keeper();
        var staple = await StapleAsync(keeper, Issue());
        await keeper.WhenQuietAsync();
        _responder.Fails = true;
        await AdvanceAsync(keeper, (Day / 2) + StapleKeeper.Tick);
        Assert.Equal(2, _responder.Asked);
        await AdvanceAsync(keeper, StapleKeeper.FirstWait);
        Assert.Equal(3, _responder.Asked);
        await AdvanceAsync(keeper, StapleKeeper.FirstWait);
        Assert.Equal(3, _responder.Asked);
        await AdvanceAsync(keeper, StapleKeeper.FirstWait);
        Assert.Equal(4, _responder.Asked);
        Assert.NotNull(Held(staple));
        for (var hour = 0; hour < 12; hour++)
        {
            await AdvanceAsync(keeper, StapleKeeper.LongestWait);
        }
        Assert.Null(Held(staple));
        Assert.InRange(_responder.Asked, 12, 20);
        _responder.Fails = false;
        await AdvanceAsync(keeper, StapleKeeper.LongestWait);
        Assert.NotNull(Held(staple));
    }

    [Fact]
    public async Task A_restart_has_the_response_from_disk_while_it_is_valid()
    {
        var certificate = Issue();
        var keeper = Keeper();
        _ = await StapleAsync(keeper, certificate);
        await keeper.WhenQuietAsync();
        _responder.Fails = true;
        Assert.NotNull(Held(await StapleAsync(Keeper(), certificate)));
        _time.Advance(Day + TimeSpan.FromMinutes(10));
        Assert.Null(Held(await StapleAsync(Keeper(), certificate)));
    }

    [Fact]
    public async Task What_is_on_disk_is_checked_before_it_is_served()
    {
        var (one, two) = (Issue("one.test"), Issue("two.test"));
        var keeper = Keeper();
        _ = await StapleAsync(keeper, one);
        await keeper.WhenQuietAsync();
        var cache = _folder.File("ocsp");
        var kept = Assert.Single(Directory.GetFiles(cache));
        _responder.Fails = true;
        // Another certificate's response, then half a file.
        var other = Path.Combine(cache, $"{StapledCertificate.Of(two)!.Id}.der");
        File.Copy(kept, other);
        Assert.Null(Held(await StapleAsync(Keeper(), two)));
        await File.WriteAllBytesAsync(kept, (await File.ReadAllBytesAsync(kept, Stop))[..100], Stop);
        Assert.Null(Held(await StapleAsync(Keeper(), one)));
    }

    [Fact]
    public async Task A_revoked_certificate_gets_nothing_stapled()
    {
        var keeper = Keeper();
        var staple = await StapleAsync(keeper, Issue());
        await keeper.WhenQuietAsync();
        using (var authority = CertificateAuthority.Open(_authority, passphrase: null, _time))
        {
            authority.Revoke("leaf.test", RevocationReason.KeyCompromise);
        }
        await AdvanceAsync(keeper, (Day / 2) + StapleKeeper.Tick);
        Assert.Equal(2, _responder.Asked);
        Assert.Null(Held(staple));
    }

    [Fact]
    public async Task A_must_staple_certificate_is_waited_for_and_others_are_not()
    {
        _responder.Hold();
        var keeper = Keeper();
        var plain = await StapleAsync(keeper, Issue());
        Assert.Null(Held(plain));
        var waits = StapleAsync(keeper, Issue("must.test", mustStaple: true));
        Assert.False(waits.IsCompleted);
        _responder.Release();
        Assert.NotNull(Held(await waits));
    }

    [Fact]
    public async Task Patience_with_a_must_staple_certificate_ends()
    {
        _responder.Hold();
        var waits = StapleAsync(Keeper(), Issue("must.test", mustStaple: true));
        Assert.False(waits.IsCompleted);
        _time.Advance(StapleKeeper.MustStaplePatience);
        Assert.Null(Held(await waits));
        _responder.Release();
    }

    [Fact]
    public async Task A_reload_keeps_the_response_and_a_removed_certificate_is_forgotten()
    {
        var keeper = Keeper();
        var (certificate, other) = (Issue(), Issue("other.test"));
        var staple = await StapleAsync(keeper, certificate);
        await keeper.WhenQuietAsync();
        Assert.Same(staple, await StapleAsync(keeper, certificate));
        Assert.Equal(1, _responder.Asked);
        var next = await keeper.UseAsync([Listener(other)], _folder.File("ocsp"), Stop);
        await keeper.WhenQuietAsync();
        Assert.Equal(2, _responder.Asked);
        // The new configuration was refused: the old certificate's response is still renewed.
        await AdvanceAsync(keeper, (Day / 2) + StapleKeeper.Tick);
        Assert.Equal(4, _responder.Asked);
        keeper.Keep(next.Values);
        await AdvanceAsync(keeper, (Day / 2) + (StapleKeeper.Tick * 2));
        Assert.Equal(5, _responder.Asked);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private StapleKeeper Keeper()
    {
        StapleKeeper keeper = new(new HttpClient(_responder, disposeHandler: false), _time, NullLogger.Instance);
        _keepers.Add(keeper);
        return keeper;
    }

    private byte[]? Held(ServerCertificateStaple staple) => staple.Get(_time.GetUtcNow());

    private async Task<ServerCertificateStaple> StapleAsync(StapleKeeper keeper, TlsCertificate certificate)
    {
        var stapled = await keeper.UseAsync([Listener(certificate)], _folder.File("ocsp"), Stop);
        return Assert.Single(stapled["https"].Tls.Certificates).Staple!;
    }

    private static ListenerSettings Listener(TlsCertificate certificate) =>
        new()
        {
            Name = "https",
            Bind = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = new TlsServerSettings { Certificates = [certificate] },
            Upstream = new UpstreamSettings { Name = "none", Endpoints = [] },
        };

    /// <summary>In ticks, as time goes: each may begin a fetch, which is waited for.</summary>
    private async Task AdvanceAsync(StapleKeeper keeper, TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= StapleKeeper.Tick)
        {
            _time.Advance(StapleKeeper.Tick);
            await keeper.WhenQuietAsync();
        }
    }

    private TlsCertificate Issue(string name = "leaf.test", bool mustStaple = false)
    {
        using var authority = CertificateAuthority.Open(_authority, passphrase: null, _time);
        AlternativeNames names = new();
        names.AddDns(name);
        var issued = authority.Issue(
            new LeafRequest
            {
                Name = name,
                Profile = CertificateProfile.Server,
                Subject = DistinguishedName.CommonName(name),
                Names = names,
                MustStaple = mustStaple,
            }
        );
        Assert.Equal(mustStaple, MustStaple.IsPromisedBy(issued.Certificate));
        return new TlsCertificate(
            name,
            File.ReadAllText(issued.CertificateFile) + File.ReadAllText(_authority.CertificateFile),
            File.ReadAllText(issued.KeyFile)
        );
    }

    /// <summary>The authority's responder, without a network.</summary>
    private sealed class Responder(OcspResponder responder) : HttpMessageHandler
    {
        private TaskCompletionSource? _held;
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public bool Fails { get; set; }

        public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _held!.SetResult();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked);
            await (_held?.Task ?? Task.CompletedTask);
            if (Fails)
            {
                return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
            }
            var question = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(responder.Answer(question)) };
        }
    }
}
