using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Telemetry;

/// <summary>The instruments of what the process makes around the data path: certificates, OCSP responses, ticket keys, reloads, the build.</summary>
internal sealed class ServingInstruments
{
    private readonly TimeProvider _time;
    private long _reloaded;
    private long _refused;

    /// <param name="meter">Of the gateway.</param>
    /// <param name="time">The clock that ages are held against.</param>
    /// <param name="ticketKeyMade">When the newest ticket key came into use.</param>
    public ServingInstruments(Meter meter, TimeProvider time, Func<DateTimeOffset> ticketKeyMade)
    {
        _time = time;
        meter.CreateObservableGauge(
            "gateway.certificate.not_after",
            () => Certificates.Select(c => new Measurement<double>(c.NotAfter.ToUnixTimeSeconds(), Labels(c))),
            "s",
            "When a served certificate ends, in Unix time."
        );
        meter.CreateObservableGauge(
            "gateway.ocsp.age",
            () =>
                Certificates
                    .Where(static c => c.Staple?.ThisUpdate is not null)
                    .Select(c => new Measurement<double>((_time.GetUtcNow() - c.Staple!.ThisUpdate!.Value).TotalSeconds, Labels(c))),
            "s",
            "Age of the OCSP response that is stapled to a certificate, by its own word."
        );
        meter.CreateObservableUpDownCounter(
            "gateway.ocsp.stapled",
            () =>
                Certificates
                    .Where(static c => c.Staple is not null)
                    .Select(c => new Measurement<int>(c.Staple!.Get(_time.GetUtcNow()) is null ? 0 : 1, Labels(c))),
            "{response}",
            "1 while there is a valid OCSP response to staple to a certificate, 0 while there is none."
        );
        meter.CreateObservableGauge(
            "gateway.ticket_key.age",
            () => (_time.GetUtcNow() - ticketKeyMade()).TotalSeconds,
            "s",
            "How long tickets have been sealed with the newest key."
        );
        meter.CreateObservableCounter(
            "gateway.configuration.reloads",
            () =>
                (Measurement<long>[])
                    [
                        new(Volatile.Read(ref _reloaded), new KeyValuePair<string, object?>("outcome", "done")),
                        new(Volatile.Read(ref _refused), new KeyValuePair<string, object?>("outcome", "refused")),
                    ],
            "{reload}",
            "Reloads of the configuration; what was refused changed nothing."
        );
        meter.CreateObservableUpDownCounter(
            "gateway.build_info",
            static () =>
                new Measurement<int>(
                    1,
                    new("version", GatewayVersion.Text),
                    new("runtime", RuntimeInformation.FrameworkDescription),
                    new("openssl", TlsEngines.Describe(TlsEngine.OpenSsl).Version)
                ),
            "{build}",
            "1, with what is running as labels."
        );
    }

    /// <summary>Those that are served.</summary>
    public IReadOnlyList<ServedCertificate> Certificates { get; set; } = [];

    /// <summary>Reloads so far.</summary>
    public (long Done, long Refused) Reloads => (Volatile.Read(ref _reloaded), Volatile.Read(ref _refused));

    /// <summary>A reload is over.</summary>
    public void CountReload(bool done) => Interlocked.Increment(ref done ? ref _reloaded : ref _refused);

    private static KeyValuePair<string, object?>[] Labels(ServedCertificate certificate) =>
        [new("listener", certificate.Listener), new("certificate", certificate.Name), new("serial", certificate.Serial)];
}
