using BenchmarkDotNet.Attributes;
using TlsGateway.Actors.Stalls;

namespace TlsGateway.Micro;

/// <summary>What stall accounting costs per readiness event.</summary>
[MemoryDiagnoser]
public class StallClockBenchmarks
{
    private static readonly StallKey Read = new(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Client);
    private static readonly StallKey Self = new(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Self);
    private static readonly ulong Scope = StallKey.LegMask(StallLeg.Downstream);

    private readonly StallClock _clock = new(new StallTotals());
    private long _now;

    [Benchmark]
    public void Served_from_idle() => _clock.Serve(Read.Mask, Self, _now, _now += 100);

    [Benchmark]
    public void Stalled_then_served()
    {
        _clock.Update(Scope, Read.Mask, _now += 100);
        _clock.Serve(Read.Mask, Self, _now += 100, _now += 100);
    }
}
