using Org.BouncyCastle.Ocsp;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Gateway.Hosting;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Ocsp;

/// <summary>
/// Keeps the OCSP responses that are stapled: from the cache at once, from the issuer's responder in the background, again when half of a response's time is over. A responder
/// that does not answer is asked again after a minute, then ever more rarely; the response that is there is served to its end and not longer. Any thread.
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
    private Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public StapleKeeper(HttpClient http, TimeProvider time, ILogger log)
    {
        _http = http;
        _client = new OcspClient(http, time);
        _verifier = new OcspVerifier(time);
        _time = time;
        _log = log;
        _cache = new StapleCache(log);
        _timer = time.CreateTimer(_ => FetchDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
            Dictionary<string, Entry> next = new(_entries, StringComparer.Ordinal);
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

    private TlsCertificate Attach(TlsCertificate certificate, Dictionary<string, Entry> next)
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

    private Entry FromCache(StapledCertificate certificate)
    {
        Entry entry = new(certificate, _time.GetUtcNow());
        if (_cache.Read(certificate) is { } response)
        {
            try
            {
                var answer = _verifier.Check(response, certificate.Leaf, certificate.Issuer);
                if (answer.Status == RevocationStatus.Good)
                {
                    Take(entry, response, answer);
                }
            }
            catch (OcspException)
            {
                // Over, or not what it was: the responder is asked.
            }
        }
        return entry;
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
    private Task FetchIfDue(Entry entry)
    {
        if (entry.Running.IsCompleted && _time.GetUtcNow() >= entry.Due && !_stop.IsCancellationRequested)
        {
            entry.Running = FetchAsync(entry);
        }
        return entry.Running;
    }

    /// <summary>Never fails.</summary>
    private async Task FetchAsync(Entry entry)
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
            switch (answer.Status)
            {
                case RevocationStatus.Good:
                    Take(entry, response, answer);
                    _cache.Write(certificate, response);
                    _log.Stapled(certificate.Subject, answer.ValidUntil);
                    return;
                case RevocationStatus.Revoked:
                    entry.Staple.Clear();
                    _log.StapleSaysRevoked(certificate.Subject, answer.Detail);
                    break;
                default:
                    _log.StapleFailed(certificate.Subject, answer.Detail, Remaining(entry));
                    break;
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
        Postpone(entry);
    }

    private void Take(Entry entry, byte[] response, RevocationAnswer answer)
    {
        var now = _time.GetUtcNow();
        entry.Staple.Set(response, answer.ValidFrom, answer.ValidUntil);
        entry.ValidUntil = answer.ValidUntil;
        entry.Wait = FirstWait;
        var half = (answer.ValidUntil - now) / 2;
        entry.Due = now + (half < FirstWait ? FirstWait : half);
    }

    private void Postpone(Entry entry)
    {
        entry.Due = _time.GetUtcNow() + entry.Wait;
        var next = entry.Wait * 2;
        entry.Wait = next < LongestWait ? next : LongestWait;
    }

    private string Remaining(Entry entry) =>
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

    /// <summary>One certificate's; <see cref="Running"/> and the plan change by its fetch alone, which there is one of at a time.</summary>
    private sealed class Entry(StapledCertificate certificate, DateTimeOffset due)
    {
        public StapledCertificate Certificate { get; } = certificate;

        public ServerCertificateStaple Staple { get; } = new();

        public DateTimeOffset ValidUntil { get; set; }

        public DateTimeOffset Due { get; set; } = due;

        public TimeSpan Wait { get; set; } = FirstWait;

        public Task Running { get; set; } = Task.CompletedTask;
    }
}
