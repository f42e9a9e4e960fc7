using TlsGateway.Tls.OpenSsl;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls.Tests;

/// <summary>Tickets under keys that the caller gives: shared by contexts, rotated, bound to a scope; and the cache for TLS 1.2 clients without tickets.</summary>
public sealed class TicketKeyTests
{
    public static TheoryData<TlsVersion> Versions => [TlsVersion.Tls12, TlsVersion.Tls13];

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_ticket_of_one_context_resumes_on_another_with_the_same_keys(TlsVersion version)
    {
        TicketKeyRing ring = new(TicketKey.Create());
        using OpenSslContext client = SessionPair.ClientContext(version);
        using OpenSslContext one = Server(version, ring);
        using OpenSslContext two = Server(version, ring);
        Assert.False(Connect(client, one));
        Assert.True(Connect(client, two));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Another_contexts_own_keys_open_nothing(TlsVersion version)
    {
        using OpenSslContext client = SessionPair.ClientContext(version);
        using OpenSslContext one = Server(version, ring: null);
        using OpenSslContext two = Server(version, ring: null);
        Assert.False(Connect(client, one));
        Assert.False(Connect(client, two));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_ticket_outlives_one_rotation_and_not_two(TlsVersion version)
    {
        TicketKeyRing ring = new(TicketKey.Create());
        using OpenSslContext server = Server(version, ring);
        using OpenSslContext client = SessionPair.ClientContext(version);
        using OpenSslContext other = SessionPair.ClientContext(version);
        Assert.False(Connect(client, server));
        Assert.False(Connect(other, server));

        ring.Rotate(TicketKey.Create());
        // Resumed under the old key, and given a ticket under the new one.
        Assert.True(Connect(client, server));
        ring.Rotate(TicketKey.Create());

        Assert.True(Connect(client, server));
        Assert.False(Connect(other, server));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_session_of_another_scope_is_not_resumed(TlsVersion version)
    {
        TicketKeyRing ring = new(TicketKey.Create());
        using OpenSslContext client = SessionPair.ClientContext(version);
        using OpenSslContext open = Server(version, ring, scope: "public");
        using OpenSslContext closed = Server(version, ring, scope: "only with a certificate");
        Assert.False(Connect(client, open));
        Assert.False(Connect(client, closed));
    }

    [Fact]
    public void A_ticket_whose_bytes_were_changed_is_a_full_handshake()
    {
        TicketKeyRing ring = new(TicketKey.Create());
        TicketKey forged = TicketKey.From([.. ring.Newest.Name, .. new byte[2 * TicketKey.SecretBytes]]);
        using OpenSslContext client = SessionPair.ClientContext();
        using OpenSslContext forger = Server(TlsVersion.Tls13, new TicketKeyRing(forged));
        using OpenSslContext server = Server(TlsVersion.Tls13, ring);
        Assert.False(Connect(client, forger));
        // The right name and wrong keys: the MAC does not fit.
        Assert.False(Connect(client, server));
    }

    [Fact]
    public void A_ring_is_replaced_as_a_whole_and_never_empty()
    {
        TicketKeyRing ring = new(TicketKey.Create());
        ring.Replace([TicketKey.Create(), TicketKey.Create()]);
        Assert.Equal(2, ring.Keys.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => ring.Replace([]));
        Assert.Equal(2, ring.Keys.Count);
    }

    [Fact]
    public void The_ring_finds_by_name_and_keeps_a_bounded_number()
    {
        TicketKey first = TicketKey.Create();
        TicketKeyRing ring = new(first);
        for (int i = 0; i < 20; i++)
        {
            ring.Rotate(TicketKey.Create(), previous: 100);
        }
        Assert.Equal(TicketKeyRing.MaxKeys, ring.Keys.Count);
        Assert.False(ring.TryFind(first.Name, out _, out _));
        Assert.True(ring.TryFind(ring.Keys[3].Name, out TicketKey found, out bool isNewest));
        Assert.True(found.IsSameAs(ring.Keys[3]) && !isNewest);
        Assert.DoesNotContain(Convert.ToHexString(found.AesKey), $"{found}", StringComparison.OrdinalIgnoreCase);
    }

    private static OpenSslContext Server(TlsVersion version, TicketKeyRing? ring, string scope = "gateway") =>
        OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default],
                MinimumVersion = version,
                MaximumVersion = version,
                TicketKeys = ring,
                SessionScope = scope,
            }
        );

    /// <summary>One connection with data both ways, so that tickets arrive; whether it was resumed.</summary>
    private static bool Connect(OpenSslContext client, OpenSslContext server)
    {
        using SessionPair pair = new SessionPair(client, server).Handshake();
        pair.AssertEchoes();
        Assert.Equal(pair.Client.IsResumed, pair.Server.IsResumed);
        return pair.Server.IsResumed;
    }
}
