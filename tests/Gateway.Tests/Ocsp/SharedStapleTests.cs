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

/// <summary>Who asks the responder when there are other gateways, and what of their word is believed.</summary>
public sealed class SharedStapleTests : IAsyncDisposable
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly AuthorityFolder _authority;
    private readonly Responder _responder;
    private readonly Others _others = new();
    private readonly StapleKeeper _keeper;

    public SharedStapleTests()
    {
        _authority = new AuthorityFolder(_folder.File("ca"));
        AuthorityRequest root = new()
        {
            Subject = DistinguishedName.CommonName("Root"),
            Places = new RevocationPlaces(CrlUrl: null, OcspUrl: "http://responder.test/"),
        };
        AuthorityBirth.MakeRoot(_authority, root, _time);
        _responder = new Responder(new OcspResponder(_authority, OcspSigner.LoadOrIssue(_authority, passphrase: null, _time), Day, _time));
        _keeper = new StapleKeeper(new HttpClient(_responder, disposeHandler: false), _time, NullLogger.Instance);
        _keeper.Share(_others);
    }

    public async ValueTask DisposeAsync()
    {
        await _keeper.DisposeAsync();
        _responder.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Who_does_it_fetches_at_once_tells_all_and_tells_again_for_a_while()
    {
        var (id, staple) = await StapleAsync(Issue());
        await AdvanceAsync(StapleKeeper.Tick * 10);
        Assert.Equal(1, _responder.Asked);
        Assert.Equal(4, _others.Told.Count);
        Assert.All(_others.Told, told => Assert.Equal((id, Held(staple)), told));
        // Somebody has come.
        _others.Arrivals++;
        await AdvanceAsync(StapleKeeper.Tick * 10);
        Assert.Equal(7, _others.Told.Count);
    }

    [Fact]
    public async Task What_another_tells_is_stapled_and_nobody_is_asked_while_it_goes_on()
    {
        _others.Rank = 1;
        var certificate = Issue();
        var (id, staple) = await StapleAsync(certificate);
        for (var half = 0; half < 6; half++)
        {
            var response = Answer(certificate);
            _others.Say(id, response);
            await _keeper.WhenQuietAsync();
            Assert.Equal(response, Held(staple));
            await AdvanceAsync(Day / 2);
        }
        Assert.Equal(0, _responder.Asked);
        Assert.Empty(_others.Told);
        // And it is on disk for the next start.
        Assert.Single(Directory.GetFiles(_folder.File("ocsp")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nobody_tells_so_the_next_in_order_asks_and_then_the_next(int rank)
    {
        _others.Rank = rank;
        var (_, staple) = await StapleAsync(Issue());
        await AdvanceAsync((StapleKeeper.Patience * rank) - StapleKeeper.Tick);
        Assert.Equal(0, _responder.Asked);
        await AdvanceAsync(StapleKeeper.Tick);
        Assert.Equal(1, _responder.Asked);
        Assert.NotNull(Held(staple));
        Assert.NotEmpty(_others.Told);
    }

    [Fact]
    public async Task The_first_has_gone_and_who_is_first_now_asks()
    {
        _others.Rank = 1;
        var (_, staple) = await StapleAsync(Issue());
        Assert.Equal(0, _responder.Asked);
        _others.Rank = 0;
        await AdvanceAsync(StapleKeeper.Tick);
        Assert.Equal(1, _responder.Asked);
        Assert.NotNull(Held(staple));
    }

    [Fact]
    public async Task The_same_response_again_says_that_another_has_asked()
    {
        _others.Rank = 1;
        var certificate = Issue();
        var (id, _) = await StapleAsync(certificate);
        var response = Answer(certificate);
        _others.Say(id, response);
        await _keeper.WhenQuietAsync();
        await AdvanceAsync((Day / 2) + StapleKeeper.Tick);
        _others.Say(id, response);
        await AdvanceAsync(StapleKeeper.Patience * 3);
        Assert.Equal(0, _responder.Asked);
    }

    [Fact]
    public async Task What_does_not_stand_up_is_not_taken()
    {
        _others.Rank = 1;
        var (certificate, other) = (Issue(), Issue("other.test"));
        var (id, staple) = await StapleAsync(certificate);
        var good = Answer(certificate);
        byte[] bent = [.. good];
        bent[^1] ^= 1;
        foreach (var wrong in (byte[][])[Answer(other), good[..100], bent, [0x30, 0x03, 0x0A, 0x01, 0x06], new byte[16]])
        {
            _others.Say(id, wrong);
            await _keeper.WhenQuietAsync();
            Assert.Null(Held(staple));
        }
        // Nor what is about a certificate that is not served here.
        _others.Say(StapledCertificate.Of(other)!.Id, Answer(other));
        // Nor what was good once, when the responder fails.
        _responder.Fails = true;
        _time.Advance(Day * 2);
        _others.Say(id, good);
        await _keeper.WhenQuietAsync();
        Assert.Null(Held(staple));
    }

    [Fact]
    public async Task An_older_response_does_not_come_back_after_a_revocation()
    {
        _others.Rank = 1;
        var certificate = Issue();
        var (id, staple) = await StapleAsync(certificate);
        var before = Answer(certificate);
        _others.Say(id, before);
        await _keeper.WhenQuietAsync();
        Assert.NotNull(Held(staple));
        _time.Advance(TimeSpan.FromMinutes(1));
        using (var authority = CertificateAuthority.Open(_authority, passphrase: null, _time))
        {
            authority.Revoke("leaf.test", RevocationReason.KeyCompromise);
        }
        _others.Say(id, Answer(certificate));
        await _keeper.WhenQuietAsync();
        Assert.Null(Held(staple));
        _others.Say(id, before);
        await _keeper.WhenQuietAsync();
        Assert.Null(Held(staple));
    }

    [Fact]
    public async Task For_a_must_staple_certificate_without_a_response_nobody_is_waited_for()
    {
        _others.Rank = 5;
        var (_, staple) = await StapleAsync(Issue("must.test", mustStaple: true));
        Assert.NotNull(Held(staple));
        Assert.Equal(1, _responder.Asked);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private byte[]? Held(ServerCertificateStaple staple) => staple.Get(_time.GetUtcNow());

    private async Task<(string Id, ServerCertificateStaple Staple)> StapleAsync(TlsCertificate certificate)
    {
        ListenerSettings listener = new()
        {
            Name = "https",
            Bind = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = new TlsServerSettings { Certificates = [certificate] },
            Upstream = new UpstreamSettings { Name = "none", Endpoints = [] },
        };
        var stapled = await _keeper.UseAsync([listener], _folder.File("ocsp"), Stop);
        await _keeper.WhenQuietAsync();
        return (StapledCertificate.Of(certificate)!.Id, Assert.Single(stapled["https"].Tls.Certificates).Staple!);
    }

    private async Task AdvanceAsync(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= StapleKeeper.Tick)
        {
            _time.Advance(StapleKeeper.Tick);
            await _keeper.WhenQuietAsync();
        }
    }

    /// <summary>As another gateway gets it.</summary>
    private byte[] Answer(TlsCertificate certificate)
    {
        var stapled = StapledCertificate.Of(certificate)!;
        Org.BouncyCastle.Ocsp.OcspReqGenerator question = new();
        question.AddRequest(
            new Org.BouncyCastle.Ocsp.CertificateID(
                Org.BouncyCastle.Ocsp.CertificateID.DigestSha1,
                stapled.Issuer,
                stapled.Leaf.SerialNumber
            )
        );
        return _responder.Answer(question.Generate().GetEncoded());
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
        return new TlsCertificate(
            name,
            File.ReadAllText(issued.CertificateFile) + File.ReadAllText(_authority.CertificateFile),
            File.ReadAllText(issued.KeyFile)
        );
    }

    private sealed class Others : ISharedStaples
    {
        private Action<string, string, byte[]>? _heard;

        public int Rank { get; set; }

        public long Arrivals { get; set; }

        public List<(string Id, byte[] Response)> Told { get; } = [];

        public int RankOf(string certificate) => Rank;

        public void Tell(string certificate, byte[] response) => Told.Add((certificate, response));

        public void Hear(Action<string, string, byte[]> heard) => _heard = heard;

        public void Say(string certificate, byte[] response) => _heard!("gw-1:4053", certificate, response);
    }

    /// <summary>The authority's responder, without a network.</summary>
    private sealed class Responder(OcspResponder responder) : HttpMessageHandler
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public bool Fails { get; set; }

        public byte[] Answer(byte[] question) => responder.Answer(question);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked);
            if (Fails)
            {
                return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
            }
            var question = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(responder.Answer(question)) };
        }
    }
}
