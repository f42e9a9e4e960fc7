using Microsoft.Extensions.Time.Testing;
using TlsGateway.Tls.BouncyCastle;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls.Tests;

/// <summary>The engine bouncycastle's tickets and session cache by themselves.</summary>
public sealed class ServerSessionsTests
{
    private static readonly TicketKeyRing Keys = new(TicketKey.Create());

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void A_ticket_gives_back_what_was_sealed()
    {
        ServerSessions sessions = Sessions();
        SessionState state = State(
            peerChain:
            [
                [1, 2, 3],
                [],
            ]
        );

        SessionState opened = sessions.Open(sessions.Seal(state)!.Value.Ticket, out bool isNewest)!;

        Assert.True(isNewest);
        Assert.Equivalent(state, opened, strict: true);
    }

    [Fact]
    public void A_ticket_with_any_byte_changed_or_cut_is_unknown()
    {
        ServerSessions sessions = Sessions();
        byte[] ticket = sessions.Seal(State())!.Value.Ticket;
        for (int i = 0; i < ticket.Length; i++)
        {
            byte[] changed = [.. ticket];
            changed[i] ^= 1;
            Assert.Null(sessions.Open(changed, out _));
            Assert.Null(sessions.Open(ticket.AsSpan(0, i), out _));
        }
        Assert.NotNull(sessions.Open(ticket, out _));
    }

    [Fact]
    public void The_lifetime_that_is_told_is_what_is_left()
    {
        ServerSessions sessions = Sessions();
        SessionState state = State();
        Assert.Equal(7200, sessions.Seal(state)!.Value.Lifetime);
        _clock.Advance(TimeSpan.FromSeconds(7000));
        byte[] late = sessions.Seal(state)!.Value.Ticket;
        Assert.Equal(200, sessions.Seal(state)!.Value.Lifetime);
        Assert.NotNull(sessions.Open(late, out _));
        _clock.Advance(TimeSpan.FromSeconds(200));

        Assert.Null(sessions.Seal(state));
        Assert.Null(sessions.Open(late, out _));
    }

    [Fact]
    public void A_ticket_of_a_member_whose_clock_is_far_ahead_is_not_taken()
    {
        ServerSessions sessions = Sessions();
        byte[] ahead = sessions.Seal(State(_clock.GetUtcNow().AddSeconds(30)))!.Value.Ticket;
        byte[] farAhead = sessions.Seal(State(_clock.GetUtcNow().AddHours(1)))!.Value.Ticket;

        Assert.NotNull(sessions.Open(ahead, out _));
        Assert.Null(sessions.Open(farAhead, out _));
    }

    [Fact]
    public void A_chain_that_would_make_hellos_too_long_gets_no_ticket()
    {
        Assert.NotNull(Sessions().Seal(State(peerChain: [new byte[SessionState.MaxChainBytes]])));
        Assert.Null(Sessions().Seal(State(peerChain: [new byte[SessionState.MaxChainBytes], new byte[1]])));
    }

    [Fact]
    public void The_cache_keeps_the_newest_within_its_bound()
    {
        ServerSessions sessions = Sessions(cacheSize: 3);
        byte[][] ids = [.. Enumerable.Range(0, 5).Select(static _ => ServerSessions.NewId())];
        foreach (byte[] id in ids)
        {
            sessions.Keep(id, State());
        }

        Assert.Equal([false, false, true, true, true], ids.Select(id => sessions.Find(id) is not null));
        sessions.Forget(ids[3]);
        Assert.Null(sessions.Find(ids[3]));
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.Null(sessions.Find(ids[4]));
    }

    [Fact]
    public void Without_a_cache_nothing_is_kept_and_an_odd_ID_is_unknown()
    {
        ServerSessions sessions = Sessions(cacheSize: 0);
        byte[] id = ServerSessions.NewId();
        sessions.Keep(id, State());

        Assert.Null(sessions.Find(id));
        Assert.Null(sessions.Find([]));
        Assert.Null(sessions.Find([1]));
    }

    private ServerSessions Sessions(int cacheSize = 0) =>
        new(new TlsServerSettings { Certificates = [], SessionCacheSize = cacheSize }, Keys) { Clock = _clock };

    private SessionState State(DateTimeOffset? began = null, IReadOnlyList<byte[]>? peerChain = null) =>
        new()
        {
            IsTls13 = true,
            CipherSuite = 0x1301,
            Group = 29,
            Began = began ?? _clock.GetUtcNow(),
            AgeAdd = 77,
            Secret = [.. Enumerable.Range(0, 32).Select(static i => (byte)i)],
            ServerName = "www.example.test",
            ApplicationProtocol = "h2",
            PeerChain = peerChain ?? [],
        };
}
