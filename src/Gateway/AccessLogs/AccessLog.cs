using System.Buffers;
using System.Diagnostics.Metrics;
using Akka;
using Akka.Streams.Dsl;
using TlsGateway.Actors.Events;
using TlsGateway.Gateway.Hosting;

namespace TlsGateway.Gateway.AccessLogs;

/// <summary>A line for each connection that has ended. Takes batches from the event pipeline and writes each in one piece; one that cannot be written is lost and counted.</summary>
internal sealed class AccessLog : IDisposable
{
    /// <summary>Between two lines of the log about lines that could not be written.</summary>
    private static readonly TimeSpan ComplaintInterval = TimeSpan.FromMinutes(1);

    private readonly AccessLogSettings _settings;
    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly RotatedFile? _file;
    private readonly Stream? _stream;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private long _written;
    private long _lost;
    private DateTimeOffset _complaintDue;

    public AccessLog(AccessLogSettings settings, Meter meter, TimeProvider time, ILogger log)
    {
        (_settings, _time, _log) = (settings, time, log);
        if (settings.IsFile)
        {
            _file = new RotatedFile(settings.Output, settings.RotateAt, settings.Keep);
            // An operator who wrote a wrong path wants to know now.
            _file.Append([]);
        }
        else
        {
            _stream = settings.Output == AccessLogSettings.Stdout ? Console.OpenStandardOutput() : Console.OpenStandardError();
        }
        meter.CreateObservableCounter(
            "gateway.access_log.lines",
            () =>
                (Measurement<long>[])
                    [
                        new(Volatile.Read(ref _written), new KeyValuePair<string, object?>("outcome", "written")),
                        new(Volatile.Read(ref _lost), new KeyValuePair<string, object?>("outcome", "lost")),
                    ],
            "{line}",
            "Lines of the access log."
        );
    }

    /// <summary>What the pipeline runs with.</summary>
    public Sink<IReadOnlyList<ConnectionEnd>, Task<Done>> Sink => Akka.Streams.Dsl.Sink.ForEach<IReadOnlyList<ConnectionEnd>>(Write);

    public void Dispose()
    {
        _file?.Dispose();
        _stream?.Dispose();
    }

    internal void Write(IReadOnlyList<ConnectionEnd> batch)
    {
        foreach (var end in batch)
        {
            _settings.Format.Write(end, _lines);
        }
        try
        {
            _file?.Append(_lines.WrittenSpan);
            _stream?.Write(_lines.WrittenSpan);
            _written += batch.Count;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            _lost += batch.Count;
            Complain(failed.Message);
        }
        finally
        {
            _lines.ResetWrittenCount();
        }
    }

    private void Complain(string message)
    {
        var now = _time.GetUtcNow();
        if (now < _complaintDue)
        {
            return;
        }
        _complaintDue = now + ComplaintInterval;
        _log.AccessLogLost(_settings.Output, _lost, message);
    }
}
