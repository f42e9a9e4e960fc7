using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TlsGateway.Gateway.Tests.Support;
using TlsGateway.Gateway.Tickets;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Gateway.Tests.Tickets;

public sealed class TicketKeyKeeperTests : IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly TicketKeyKeeper _keeper;

    public TicketKeyKeeperTests() => _keeper = new TicketKeyKeeper(_time, NullLogger.Instance);

    public void Dispose()
    {
        _keeper.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_new_key_is_made_in_time_and_the_old_one_opens_until_the_next()
    {
        _keeper.Use(new TicketKeySettings(null, Hour, Keep: 1));
        var first = _keeper.Ring.Newest;
        _time.Advance(Hour - TimeSpan.FromSeconds(1));
        Assert.Same(first, _keeper.Ring.Newest);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotSame(first, _keeper.Ring.Newest);
        Assert.Same(first, _keeper.Ring.Keys[1]);
        _time.Advance(Hour);
        Assert.DoesNotContain(first, _keeper.Ring.Keys);
    }

    [Fact]
    public void A_key_is_overwritten_one_change_after_it_was_dropped()
    {
        _keeper.Use(new TicketKeySettings(null, Hour, Keep: 0));
        var first = _keeper.Ring.Newest;
        _time.Advance(Hour);
        Assert.False(IsCleared(first), "a handshake may still be using it");
        _time.Advance(Hour);
        Assert.True(IsCleared(first));
    }

    [Fact]
    public void A_reload_with_the_same_settings_changes_neither_keys_nor_the_time_of_the_next()
    {
        TicketKeySettings settings = new(null, Hour, Keep: 1);
        _keeper.Use(settings);
        var first = _keeper.Ring.Newest;
        _time.Advance(Hour / 2);
        _keeper.Use(settings with { });
        Assert.Same(first, _keeper.Ring.Newest);
        _time.Advance(Hour / 2);
        Assert.NotSame(first, _keeper.Ring.Newest);
    }

    [Fact]
    public void A_file_is_read_again_when_it_changes_and_a_bad_one_keeps_the_keys()
    {
        var file = Write(1, 2);
        _keeper.Use(new TicketKeySettings(file, Hour, Keep: 1));
        var second = _keeper.Ring.Keys[1];
        Write(3, 1);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(3, _keeper.Ring.Newest.Name[0]);
        Assert.Equal(1, _keeper.Ring.Keys[1].Name[0]);
        Assert.DoesNotContain(second, _keeper.Ring.Keys);

        File.WriteAllText(file, "half a fi");
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(3, _keeper.Ring.Newest.Name[0]);
        Assert.False(IsCleared(_keeper.Ring.Newest));
    }

    [Fact]
    public void A_bad_file_at_a_reload_changes_nothing()
    {
        _keeper.Use(new TicketKeySettings(null, Hour, Keep: 1));
        var first = _keeper.Ring.Newest;
        var missing = Path.Combine(_folder.Path, "missing");
        Assert.Throws<IOException>(() => _keeper.Use(new TicketKeySettings(missing, Hour, Keep: 1)));
        Assert.Same(first, _keeper.Ring.Newest);
        _time.Advance(Hour);
        Assert.NotSame(first, _keeper.Ring.Newest);
    }

    private static bool IsCleared(TicketKey key) => key.AesKey.IndexOfAnyExcept((byte)0) < 0;

    /// <summary>Keys whose bytes are all the one given; another length of file each time is not needed, for the time of writing differs.</summary>
    private string Write(params byte[] keys)
    {
        var path = Path.Combine(_folder.Path, "keys");
        File.WriteAllBytes(path, [.. keys.SelectMany(static key => Enumerable.Repeat(key, TicketKey.WholeBytes))]);
        // The file system's clock may be coarse: the time says that it changed.
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddDays(keys[0]));
        return path;
    }
}
