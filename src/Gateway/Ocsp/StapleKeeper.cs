using Org.BouncyCastle.Ocsp;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Gateway.Hosting;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Ocsp;

/// <summary>
/// Keeps the OCSP responses that are stapled: from the cache at once, from the issuer's responder in the background, again when half of a response's time is over. A responder
/// that does not answer is asked again after a minute, then ever more rarely; the response that is there is served to its end and not longer. In a fleet one gateway asks, and the others take its response when they
/// have verified it as their own (<see cref="Share"/>). Any thread.
/// </summary>
internal sealed class StapleKeeper : IAsyncDisposable
{
    /// <summary>How often is looked whether something is due.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(10);

    /// <summary>The first wait after a failure; doubled to <see cref="LongestWait"/>.</summary>
    public static readonly TimeSpan FirstWait = TimeSpan.FromMinutes(1);

    /// <summary>Between two attempts, and between two looks at a response that lives for long.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>How long the start, or a reload, waits for the response of a certificate that clients refuse without.</summary>
    public static readonly TimeSpan MustStaplePatience = TimeSpan.FromSeconds(10);

    /// <summary>A fetch that is another gateway's is left to it for so long, to the next one as long again, and so on.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Responses that are told again at one tick.</summary>
    private const int MaxTold = 64;

    private static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(15);

    private readonly HttpClient _http;
    private readonly OcspClient _client;
    private readonly OcspVerifier _verifier;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly StapleCache _cache;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private bool _isDisposed;
    private ISharedStaples? _shared;
    private long _arrivals;
    private Dictionary<string, StapleEntry> _entries = new(StringComparer.Ordinal);

    public StapleKeeper(HttpClient http, TimeProvider time, ILogger log)
    {
        _http = http;
        _client = new OcspClient(http, time);
        _verifier = new OcspVerifier(time);
        _time = time;
        _log = log;
        _cache = new StapleCache(log);
        _timer = time.CreateTimer(_ => OnTick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Divides the work with other gateways from here on.</summary>
    public void Share(ISharedStaples shared)
    {
        lock (_lock)
        {
            _shared = shared;
        }
        shared.Hear(Hear);
    }

    /// <summary>
    /// Staples to the certificates of <paramref name="listeners"/> too, from here on. Returns when each that must be stapled has its response, or patience is over. What was
    /// stapled before goes on until <see cref="Keep"/>: the new configuration may still be refused.
    /// </summary>
    /// <param name="listeners">Those that staple.</param>
    /// <param name="folder">For the cache, absolute.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The listeners with their certificates' staples.</returns>
    public async Task<IReadOnlyDictionary<string, ListenerSettings>> UseAsync(
        IEnumerable<ListenerSettings> listeners,
        string folder,
        CancellationToken cancellation
    )
    {
        Dictionary<string, ListenerSettings> stapled = new(StringComparer.Ordinal);
        List<Task> fetches = [];
        lock (_lock)
        {
            _cache.Folder = folder;
            Dictionary<string, StapleEntry> next = new(_entries, StringComparer.Ordinal);
            foreach (var listener in listeners)
            {
                var certificates = listener.Tls.Certificates.Select(certificate => Attach(certificate, next)).ToList();
                stapled[listener.Name] = listener with { Tls = listener.Tls with { Certificates = certificates } };
            }
            _entries = next;
            _timer.Change(next.Count > 0 ? Tick : Timeout.InfiniteTimeSpan, Tick);
            fetches.AddRange(
                next.Values.Where(entry => entry.Certificate.IsMustStaple && entry.Staple.Get(_time.GetUtcNow()) is null).Select(FetchIfDue)
            );
        }
        FetchDue();
        await WaitAsync(fetches, cancellation).ConfigureAwait(false);
        return stapled;
    }

    /// <summary>These serve now: what is stapled to none of them is forgotten.</summary>
    public void Keep(IEnumerable<ListenerSettings> listeners)
    {
        var served = listeners
            .SelectMany(static listener => listener.Tls.Certificates)
            .Select(static certificate => certificate.Staple)
            .ToHashSet();
        lock (_lock)
        {
            _entries = _entries
                .Where(entry => served.Contains(entry.Value.Staple))
                .ToDictionary(static entry => entry.Key, static entry => entry.Value, StringComparer.Ordinal);
            _timer.Change(_entries.Count > 0 ? Tick : Timeout.InfiniteTimeSpan, Tick);
        }
    }

    /// <summary>Ends fetches that are under way. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        await WhenQuietAsync().ConfigureAwait(false);
        _http.Dispose();
        _stop.Dispose();
    }

    /// <summary>When the fetches that are under way are over.</summary>
    internal Task WhenQuietAsync()
    {
        lock (_lock)
        {
            return Task.WhenAll(_entries.Values.Select(static entry => entry.Running).ToList());
        }
    }

    private TlsCertificate Attach(TlsCertificate certificate, Dictionary<string, StapleEntry> next)
    {
        // One that has a staple has it from a file.
        if (certificate.Staple is not null || StapledCertificate.Of(certificate) is not { } stapled)
        {
            return certificate;
        }
        if (!next.TryGetValue(stapled.Id, out var entry))
        {
            entry = FromCache(stapled);
            next.Add(stapled.Id, entry);
        }
        return certificate with { Staple = entry.Staple };
    }

    private StapleEntry FromCache(StapledCertificate certificate)
    {
        StapleEntry entry = new(certificate, _time.GetUtcNow());
        if (_cache.Read(certificate) is { } response)
        {
            try
            {
                var answer = _verifier.Check(response, certificate.Leaf, certificate.Issuer);
                if (answer.Status == RevocationStatus.Good)
                {
                    entry.Take(response, answer, _time.GetUtcNow());
                }
            }
            catch (OcspException)
            {
                // Over, or not what it was: the responder is asked.
            }
        }
        return entry;
    }

    private void OnTick()
    {
        FetchDue();
        if (_shared is not { } shared)
        {
            return;
        }
        lock (_lock)
        {
            var hasNews = shared.Arrivals != _arrivals;
            _arrivals = shared.Arrivals;
            var told = 0;
            foreach (var entry in _entries.Values)
            {
                if (hasNews)
                {
                    entry.TellAgain = StapleEntry.TellAgainTimes;
                }
                if (entry.TellAgain > 0 && told < MaxTold && entry.Response is { } response && shared.RankOf(entry.Certificate.Id) == 0)
                {
                    told++;
                    entry.TellAgain--;
                    shared.Tell(entry.Certificate.Id, response);
                }
            }
        }
    }

    /// <summary>Another gateway has a response. One at a time is looked at for each certificate; one that is missed is told of again.</summary>
    private void Hear(string member, string certificate, byte[] response)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(certificate, out var entry) || !entry.Running.IsCompleted || _stop.IsCancellationRequested)
            {
                return;
            }
            if (response.AsSpan().SequenceEqual(entry.Response))
            {
                entry.PlanIfDue(_time.GetUtcNow());
            }
            else
            {
                entry.Running = TakeHeardAsync(entry, member, response);
            }
        }
    }

    /// <summary>Verifies it as if it had been fetched here. Never fails.</summary>
    private async Task TakeHeardAsync(StapleEntry entry, string member, byte[] response)
    {
        var certificate = entry.Certificate;
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var answer = _verifier.Check(response, certificate.Leaf, certificate.Issuer);
            // Responses stay in their time for days: an older one must not come back.
            if (answer.Status == RevocationStatus.Unknown || answer.ValidFrom < entry.ValidFrom)
            {
                return;
            }
            if (answer.ValidFrom == entry.ValidFrom)
            {
                entry.PlanIfDue(_time.GetUtcNow());
            }
            else if (!Use(entry, response, answer))
            {
                entry.Postpone(_time.GetUtcNow());
            }
        }
        catch (OcspException refused)
        {
            _log.StapleRefused(member, certificate.Subject, refused.Message);
        }
        catch (Exception unexpected)
        {
            _log.StapleBroke(unexpected, certificate.Subject);
        }
    }

    private void FetchDue()
    {
        lock (_lock)
        {
            foreach (var entry in _entries.Values)
            {
                _ = FetchIfDue(entry);
            }
        }
    }

    /// <summary>The fetch that is under way, if one is due.</summary>
    private Task FetchIfDue(StapleEntry entry)
    {
        if (entry.Running.IsCompleted && _time.GetUtcNow() >= entry.Due + LeftToOthers(entry) && !_stop.IsCancellationRequested)
        {
            entry.Running = FetchAsync(entry);
        }
        return entry.Running;
    }

    /// <summary>Clients refuse a must-staple certificate without a response: for that nobody is waited for.</summary>
    private TimeSpan LeftToOthers(StapleEntry entry) =>
        _shared is not { } shared || (entry.Certificate.IsMustStaple && entry.Staple.Get(_time.GetUtcNow()) is null)
            ? TimeSpan.Zero
            : Patience * shared.RankOf(entry.Certificate.Id);

    /// <summary>Never fails.</summary>
    private async Task FetchAsync(StapleEntry entry)
    {
        var certificate = entry.Certificate;
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(FetchTimeout);
            var response = await _client
                .FetchAsync(certificate.Leaf, certificate.Issuer, responder: null, limit.Token)
                .ConfigureAwait(false);
            var answer = _verifier.Check(response, certificate.Leaf, certificate.Issuer);
            if (answer.Status == RevocationStatus.Unknown)
            {
                _log.StapleFailed(certificate.Subject, answer.Detail, Remaining(entry));
            }
            else
            {
                _shared?.Tell(certificate.Id, response);
                if (Use(entry, response, answer))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception failed) when (failed is OcspException or HttpRequestException or OperationCanceledException or IOException)
        {
            var what = failed is OperationCanceledException ? $"no answer within {FetchTimeout.TotalSeconds} s" : failed.Message;
            _log.StapleFailed(certificate.Subject, what, Remaining(entry));
        }
        catch (Exception unexpected)
        {
            _log.StapleBroke(unexpected, certificate.Subject);
        }
        entry.Postpone(_time.GetUtcNow());
    }

    /// <summary>Staples a good response. False: it says that the certificate is revoked, and nothing is stapled.</summary>
    private bool Use(StapleEntry entry, byte[] response, RevocationAnswer answer)
    {
        if (answer.Status == RevocationStatus.Good)
        {
            entry.Take(response, answer, _time.GetUtcNow());
            _cache.Write(entry.Certificate, response);
            _log.Stapled(entry.Certificate.Subject, answer.ValidUntil);
            return true;
        }
        entry.Know(response, answer);
        entry.Staple.Clear();
        _log.StapleSaysRevoked(entry.Certificate.Subject, answer.Detail);
        return false;
    }

    private string Remaining(StapleEntry entry) =>
        entry.Staple.Get(_time.GetUtcNow()) is null
            ? "nothing is stapled" + (entry.Certificate.IsMustStaple ? ", and clients that know must-staple refuse the certificate" : "")
            : $"the response that is there goes on until {entry.ValidUntil:u}";

    private async Task WaitAsync(List<Task> fetches, CancellationToken cancellation)
    {
        if (fetches.Count == 0)
        {
            return;
        }
        try
        {
            await Task.WhenAll(fetches).WaitAsync(MustStaplePatience, _time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _log.MustStapleWaitOver(MustStaplePatience.TotalSeconds);
        }
    }
}
