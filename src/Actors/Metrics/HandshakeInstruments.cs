using System.Diagnostics.Metrics;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Metrics;

/// <summary>What first handshakes came to, and where their time went.</summary>
internal static class HandshakeInstruments
{
    public static void Add(Meter meter, Func<IReadOnlyList<ListenerCounters>> counters)
    {
        meter.CreateObservableCounter(
            "gateway.tls_handshake.time",
            Time,
            "s",
            "Where the time of finished handshakes went: phase is client (waiting for it), engine (cryptography and protocol), look_up (of the client's certificate) or queue (other connections' turns)."
        );
        meter.CreateObservableCounter(
            "gateway.tls_handshake.parameters",
            Parameters,
            "{handshake}",
            "Finished handshakes by version, cipher suite, key exchange group, resumption and engine."
        );
        return;

        IEnumerable<Measurement<double>> Time()
        {
            foreach (var listener in counters().GroupBy(static c => c.Listener, StringComparer.Ordinal))
            {
                yield return Phase(listener, "client", static c => Volatile.Read(ref c.HandshakeClientNanos));
                yield return Phase(listener, "engine", static c => Volatile.Read(ref c.HandshakeEngineNanos));
                yield return Phase(listener, "look_up", static c => Volatile.Read(ref c.HandshakeLookUpNanos));
                yield return Phase(listener, "queue", static c => Volatile.Read(ref c.HandshakeQueueNanos));
            }
        }

        IEnumerable<Measurement<long>> Parameters() =>
            counters()
                .SelectMany(static c => c.Negotiated.All.Select(count => (c.Listener, Count: count)))
                .GroupBy(static cell =>
                    (
                        cell.Listener,
                        cell.Count.Engine,
                        cell.Count.Parameters.Version,
                        cell.Count.Parameters.CipherSuite,
                        cell.Count.Parameters.Group,
                        cell.Count.Parameters.IsResumed
                    )
                )
                .Select(static same => new Measurement<long>(
                    same.Sum(static cell => cell.Count.Count),
                    GatewayMetrics.Listener(same.Key.Listener),
                    new("engine", same.Key.Engine == TlsEngine.OpenSsl ? "openssl" : "bouncycastle"),
                    new("tls.protocol.version", same.Key.Version["TLSv".Length..]),
                    new("tls.cipher", same.Key.CipherSuite),
                    new("tls.curve", same.Key.Group),
                    new("tls.resumed", same.Key.IsResumed)
                ));
    }

    private static Measurement<double> Phase(
        IGrouping<string, ListenerCounters> listener,
        string phase,
        Func<ListenerCounters, long> read
    ) => new(listener.Sum(read) / 1e9, GatewayMetrics.Listener(listener.Key), new("phase", phase));
}
