using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using k8s;
using k8s.Models;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Discovery;

/// <summary>Lists and watches pods. Failures are <see cref="KubernetesApiException"/>s.</summary>
internal sealed class PodsApi(ApiServer server)
{
    /// <summary>After the time that the API server was given to end a watch by itself, its connection is taken for dead.</summary>
    public static readonly TimeSpan WatchGrace = TimeSpan.FromSeconds(30);

    private readonly int _maxLineBytes = Math.Max(1, server.Settings.MaxAnswerBytes / 8);

    /// <summary>One page.</summary>
    /// <param name="continuation">Null: the first.</param>
    public Task<V1PodList> ListAsync(PodWatchSettings settings, string? continuation, CancellationToken cancellation) =>
        ApiServer.AskAsync(
            $"list pods in namespace '{settings.Namespace}'",
            () =>
                server.Client.CoreV1.ListNamespacedPodAsync(
                    settings.Namespace,
                    labelSelector: settings.LabelSelector,
                    limit: settings.PageSize,
                    continueParameter: continuation,
                    cancellationToken: cancellation
                )
        );

    /// <summary>
    /// What happens after <paramref name="resourceVersion"/>, until the API server ends it. KubernetesClient's own enumeration of a watch bounds no line and goes on reading
    /// after it was cancelled, so its connection and its models are used, and the lines are read here.
    /// </summary>
    /// <param name="onOpen">The API server has taken the watch.</param>
    public async IAsyncEnumerable<PodEvent> WatchAsync(
        PodWatchSettings settings,
        string resourceVersion,
        Action onOpen,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        using HttpRequestMessage request = new(HttpMethod.Get, AddressOf(settings, resourceVersion));
        request.Version = System.Net.HttpVersion.Version20;
        using var response = await server.Client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        onOpen();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        var lines = PipeReader.Create(stream);
        while (true)
        {
            var read = await ReadAsync(lines, cancellation);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                CheckLength(line);
                if (!line.IsEmpty)
                {
                    yield return PodEvent.Parse(line);
                }
            }
            CheckLength(buffer);
            if (read.IsCompleted)
            {
                yield break;
            }
            lines.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private void CheckLength(ReadOnlySequence<byte> line)
    {
        if (line.Length > _maxLineBytes)
        {
            throw new KubernetesApiException(ApiFault.TooLarge, $"watch pods: a line has more than {_maxLineBytes} bytes.");
        }
    }

    private static async ValueTask<ReadResult> ReadAsync(PipeReader lines, CancellationToken cancellation)
    {
        try
        {
            return await lines.ReadAsync(cancellation);
        }
        catch (Exception failed) when (failed is IOException or HttpRequestException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new KubernetesApiException(
                ApiFault.Unreachable,
                $"watch pods: the connection broke: {ApiHandler.Tidy(failed.Message)}",
                failed
            );
        }
    }

    private Uri AddressOf(PodWatchSettings settings, string resourceVersion)
    {
        var seconds = Math.Max(1, (int)settings.WatchTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return new Uri(
            server.Client.BaseUri,
            $"api/v1/namespaces/{Uri.EscapeDataString(settings.Namespace)}/pods?watch=true&allowWatchBookmarks=true"
                + $"&labelSelector={Uri.EscapeDataString(settings.LabelSelector)}"
                + $"&resourceVersion={Uri.EscapeDataString(resourceVersion)}&timeoutSeconds={seconds}"
        );
    }
}
