using System.Collections.Immutable;
using k8s.Models;
using Microsoft.Extensions.Logging;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Discovery;

/// <summary>
/// Knows the pods of a selector: lists them once, page by page, and watches from there. What ended a watch decides how it goes on: its time was over or the connection
/// broke: from the last version; that version is no longer known (410) or a line made no sense: by a new list. While the API server is away the last pods stay known.
/// One task of its own runs it; everything public is for any thread.
/// </summary>
internal sealed class PodWatch : IAsyncDisposable
{
    /// <summary>Of a list: pods that do not count fill pages too, but not without an end.</summary>
    private const int MaxPages = 1000;

    private readonly PodsApi _api;
    private readonly PodWatchSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly RetryDelays _delays;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Task _running;

    // Of the task alone.
    private ImmutableSortedDictionary<string, PodAddress> _pods = Empty;
    private string? _resourceVersion;
    private bool _isCut;
    private bool _wentWell;

    // By the lock.
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ImmutableSortedDictionary<string, PodAddress>? _known;
    private bool _isKnownCut;
    private bool _isWatched;
    private long _heardAt;
    private KubernetesApiException? _problem;

    /// <summary>Begins at once.</summary>
    /// <param name="nextShare">What waits are spread by, from 0 to less than 1.</param>
    public PodWatch(PodsApi api, PodWatchSettings settings, TimeProvider time, Func<double> nextShare, ILogger log)
    {
        _api = api;
        _settings = settings;
        _time = time;
        _log = log;
        _delays = new RetryDelays(settings.RetryFirst, settings.RetryLongest, nextShare);
        _running = Task.Run(RunAsync);
    }

    private static ImmutableSortedDictionary<string, PodAddress> Empty { get; } =
        ImmutableSortedDictionary.Create<string, PodAddress>(StringComparer.Ordinal);

    /// <summary>Null before the first list.</summary>
    public KnownPods? Known
    {
        get
        {
            lock (_lock)
            {
                return _known is null
                    ? null
                    : new([.. _known.Values], _time.GetElapsedTime(_heardAt), _isWatched, _isKnownCut, _problem?.Message);
            }
        }
    }

    /// <summary>When something has changed since the call: pods, or how well they are known.</summary>
    internal Task Changed
    {
        get
        {
            lock (_lock)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>The pods; before the first list, waits for it for so long.</summary>
    /// <exception cref="KubernetesApiException">There was no list in time, or somebody has to change something before there is one.</exception>
    public async Task<KnownPods> WhenKnownAsync(TimeSpan patience)
    {
        using CancellationTokenSource limit = new(patience, _time);
        while (true)
        {
            var changed = Changed;
            if (Known is { } known)
            {
                return known;
            }
            if (LookAtProblem() is { IsDefinite: true } definite)
            {
                throw Unknown(definite, definite.Message);
            }
            try
            {
                await changed.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw Unknown(LookAtProblem(), $"no list within {patience.TotalSeconds} s. {LookAtProblem()?.Message}".TrimEnd());
            }
        }
    }

    /// <summary>Ends the watch. What is known stays known.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            KubernetesApiException problem;
            try
            {
                await ListAndWatchAsync();
                continue;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (KubernetesApiException failed)
            {
                problem = failed;
            }
            catch (Exception unexpected)
            {
                problem = new KubernetesApiException(ApiFault.Malformed, $"watch pods: {unexpected.Message}", unexpected);
            }
            if (_stop.IsCancellationRequested || !await GoOnAfterAsync(problem))
            {
                return;
            }
        }
    }

    /// <summary>One round: ends when the API server ended the watch after it did some good.</summary>
    private async Task ListAndWatchAsync()
    {
        if (_resourceVersion is null)
        {
            await ListAsync();
        }
        using CancellationTokenSource silence = new(_settings.WatchTimeout + PodsApi.WatchGrace, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, silence.Token);
        var opened = _time.GetTimestamp();
        try
        {
            await foreach (var happened in _api.WatchAsync(_settings, _resourceVersion!, WatchOpened, limit.Token))
            {
                Take(happened);
            }
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            throw new KubernetesApiException(ApiFault.NoAnswer, "watch pods: the API server did not end the watch in its time.");
        }
        if (!_wentWell && _time.GetElapsedTime(opened) < _settings.RetryFirst)
        {
            throw new KubernetesApiException(ApiFault.Unreachable, "watch pods: the watch ended as soon as it had begun.");
        }
        _delays.Reset();
        if (_isCut)
        {
            // Those that were left out may have room by now.
            _resourceVersion = null;
        }
    }

    private async Task ListAsync()
    {
        var pods = Empty.ToBuilder();
        string? continuation = null;
        var isCut = false;
        for (var pages = 1; ; pages++)
        {
            var page = await _api.ListAsync(_settings, continuation, _stop.Token);
            foreach (var pod in page.Items ?? [])
            {
                if (pod is null || PodAddress.Of(pod) is not { } address)
                {
                    continue;
                }
                if (pods.Count >= _settings.MaxPods && !pods.ContainsKey(address.Name))
                {
                    isCut = true;
                    break;
                }
                pods[address.Name] = address;
            }
            continuation = page.Metadata?.ContinueProperty;
            var version = page.Metadata?.ResourceVersion;
            if (string.IsNullOrEmpty(version))
            {
                throw new KubernetesApiException(ApiFault.Malformed, "list pods: the answer has no resourceVersion.");
            }
            if (isCut || string.IsNullOrEmpty(continuation))
            {
                _pods = pods.ToImmutable();
                _resourceVersion = version;
                _isCut = isCut;
                break;
            }
            if (pages == MaxPages)
            {
                throw new KubernetesApiException(ApiFault.TooLarge, $"list pods: more than {MaxPages} pages.");
            }
        }
        if (isCut)
        {
            _log.PodsCut(_settings.Namespace, _settings.LabelSelector, _settings.MaxPods);
        }
        _log.PodsListed(_settings.Namespace, _settings.LabelSelector, _pods.Count);
        Publish(isWatched: false);
    }

    private void WatchOpened()
    {
        _wentWell = false;
        Publish(isWatched: true);
    }

    private void Take(PodEvent happened)
    {
        // Once a watch has brought something, a failure after it is a new one.
        _wentWell = true;
        _delays.Reset();
        _resourceVersion = happened.ResourceVersion;
        if (happened.Pod is { } pod && PodAddress.NameOf(pod) is { } name)
        {
            var address = happened.IsDeleted ? null : PodAddress.Of(pod);
            if (address is null)
            {
                _pods = _pods.Remove(name);
            }
            else if (_pods.Count < _settings.MaxPods || _pods.ContainsKey(name))
            {
                _pods = _pods.SetItem(name, address);
            }
            else if (!_isCut)
            {
                _isCut = true;
                _log.PodsCut(_settings.Namespace, _settings.LabelSelector, _settings.MaxPods);
            }
        }
        Publish(isWatched: true);
    }

    /// <summary>False: stopped.</summary>
    private async Task<bool> GoOnAfterAsync(KubernetesApiException problem)
    {
        var listAnew = problem.Fault is ApiFault.Gone or ApiFault.Malformed or ApiFault.TooLarge;
        if (listAnew)
        {
            _resourceVersion = null;
        }
        if (problem.Fault == ApiFault.Gone && _wentWell)
        {
            // It is what happens to a watch in the course of things. A second one in a row is not, and waits.
            _wentWell = false;
            _log.PodsListedAnew(problem.Message);
            return true;
        }
        _wentWell = false;
        var wait = _delays.Next(problem.RetryAfter);
        var age = Fail(problem);
        _log.PodsFailed(
            problem.Message,
            age is { } old ? $"the pods of {(long)old.TotalSeconds} s ago stay known" : "no pods are known yet",
            wait.TotalSeconds
        );
        try
        {
            await Task.Delay(wait, _time, _stop.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Publish(bool isWatched)
    {
        lock (_lock)
        {
            _known = _pods;
            _isKnownCut = _isCut;
            _heardAt = _time.GetTimestamp();
            _isWatched = isWatched;
            if (isWatched)
            {
                _problem = null;
            }
            TellChanged();
        }
    }

    /// <summary>How old what is known is.</summary>
    private TimeSpan? Fail(KubernetesApiException problem)
    {
        lock (_lock)
        {
            _isWatched = false;
            _problem = problem;
            TellChanged();
            return _known is null ? null : _time.GetElapsedTime(_heardAt);
        }
    }

    private void TellChanged()
    {
        var told = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        told.SetResult();
    }

    private KubernetesApiException? LookAtProblem()
    {
        lock (_lock)
        {
            return _problem;
        }
    }

    private KubernetesApiException Unknown(KubernetesApiException? problem, string why) =>
        new(
            problem?.Fault ?? ApiFault.NoAnswer,
            $"The pods of namespace '{_settings.Namespace}' with labels '{_settings.LabelSelector}' are not known yet: {why}",
            problem,
            problem?.RetryAfter
        );
}
