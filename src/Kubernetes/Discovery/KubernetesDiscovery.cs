using System.Globalization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Discovery;
using Microsoft.Extensions.Logging;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Discovery;

/// <summary>
/// Akka.Discovery by the pods of a namespace: a look-up gives the pods whose labels fit <c>akka.discovery.kubernetes.label-selector</c>, with <c>%s</c> replaced by the name
/// that is looked up. Pods that are about to end, have ended or have no address are left out; pods that are not ready count. The first look-up begins a watch, and later ones
/// are answered from what it knows, however old that is: <see cref="GetKnown"/> tells. Port name and protocol of a look-up are not used: the port is configured. The service
/// account needs the verbs list and watch on pods. Any thread.
/// </summary>
public sealed class KubernetesDiscovery : ServiceDiscovery
{
    /// <summary>How many different names may be looked up; each has a watch of its own.</summary>
    private const int MaxNames = 16;

    private const string NamePlace = "%s";
    private const int MaxLabelLength = 63;

    private readonly DiscoverySettings _settings;
    private readonly KubernetesSetup _setup;
    private readonly PodsApi _api;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PodWatch> _watches = new(StringComparer.Ordinal);
    private bool _isStopped;

    /// <summary>As Akka.Discovery makes it.</summary>
    /// <param name="system">Its end ends the watches.</param>
    /// <param name="config">The section <c>akka.discovery.kubernetes</c>; what it lacks has its default.</param>
    /// <exception cref="ConfigurationException">Says what is wrong and what to do.</exception>
    public KubernetesDiscovery(ExtendedActorSystem system, Config config)
    {
        var whole = config.WithFallback(KubernetesDefaults.Configuration.GetConfig(KubernetesDefaults.DiscoveryPath));
        _settings = DiscoverySettings.From(whole, Environment.GetEnvironmentVariable);
        _setup = KubernetesSetup.Of(system);
        _log = _setup.CreateLog(system, typeof(KubernetesDiscovery));
        _api = new PodsApi(ApiServers.Of(system).Get(_settings.Server));
        system.RegisterOnTermination(Stop);
    }

    /// <summary>The members' addresses, in the order of the pods' names.</summary>
    /// <param name="lookup">Only its service name counts.</param>
    /// <param name="resolveTimeout">How long the first look-up may wait for the first list.</param>
    /// <exception cref="KubernetesApiException">By the task: no pods are known yet; says why and what to do.</exception>
    /// <exception cref="ArgumentException">By the task: the name is none that a label can have, or one too many.</exception>
    public override async Task<Resolved> Lookup(Lookup lookup, TimeSpan resolveTimeout)
    {
        var known = await WatchOf(lookup.ServiceName).WhenKnownAsync(resolveTimeout);
        List<ResolvedTarget> targets = new(known.Pods.Count);
        foreach (var pod in known.Pods)
        {
            if (TargetOf(pod) is { } target)
            {
                targets.Add(target);
            }
        }
        if (targets.Count < known.Pods.Count)
        {
            _log.PodsWithoutName(known.Pods.Count - targets.Count, _settings.Watch.Namespace);
        }
        return new Resolved(lookup.ServiceName, targets);
    }

    /// <summary>What is known of the pods by that name, and how old it is; null: nothing yet.</summary>
    /// <param name="serviceName">As it was looked up.</param>
    /// <exception cref="ArgumentException">It is none that a label can have.</exception>
    public KnownPods? GetKnown(string serviceName)
    {
        lock (_lock)
        {
            return _watches.TryGetValue(SelectorOf(serviceName), out var watch) ? watch.Known : null;
        }
    }

    private PodWatch WatchOf(string serviceName)
    {
        var selector = SelectorOf(serviceName);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isStopped, this);
            if (_watches.TryGetValue(selector, out var watch))
            {
                return watch;
            }
            if (_watches.Count >= MaxNames)
            {
                throw new ArgumentException($"'{serviceName}' is one name too many: {MaxNames} others are watched", nameof(serviceName));
            }
            watch = new PodWatch(_api, _settings.Watch with { LabelSelector = selector }, _setup.Time, _setup.NextShare, _log);
            _watches.Add(selector, watch);
            return watch;
        }
    }

    private string SelectorOf(string serviceName)
    {
        if (!_settings.LabelSelector.Contains(NamePlace, StringComparison.Ordinal))
        {
            return _settings.LabelSelector;
        }
        // What a label's value can be; anything else would change the selector's meaning.
        var isLabel =
            serviceName.Length is > 0 and <= MaxLabelLength
            && serviceName.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        return isLabel
            ? _settings.LabelSelector.Replace(NamePlace, serviceName, StringComparison.Ordinal)
            : throw new ArgumentException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{ApiHandler.Tidy(serviceName)}' cannot be a label's value: letters, digits, '-', '_' and '.', at most {MaxLabelLength}"
                ),
                nameof(serviceName)
            );
    }

    private ResolvedTarget? TargetOf(PodAddress pod)
    {
        if (_settings.ClusterDomain is not { } domain)
        {
            return new(pod.Ip.ToString(), _settings.Port, pod.Ip);
        }
        return pod.DnsLabels is { } labels ? new($"{labels}.{_settings.Watch.Namespace}.svc.{domain}", _settings.Port, pod.Ip) : null;
    }

    private void Stop()
    {
        List<PodWatch> watches;
        lock (_lock)
        {
            _isStopped = true;
            watches = [.. _watches.Values];
        }
        foreach (var watch in watches)
        {
            _ = watch.DisposeAsync().AsTask();
        }
    }
}
