using Akka.Coordination;
using Microsoft.Extensions.Time.Testing;
using TlsGateway.Kubernetes.Leases;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Kubernetes.Tests.Leases;

/// <summary>Several fight for one lease: requests and answers are late, lost and out of order, clocks are days apart and run unequally fast, and never do two hold it.</summary>
public sealed class LeaseRaceTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    [Fact]
    public void Never_do_two_hold_it()
    {
        // Whatever is continued, is continued where it stands.
        SynchronizationContext.SetSynchronizationContext(null);
        Tally tally = new();
        for (var seed = 1; seed <= 200; seed++)
        {
            Race race = new(seed, tally);
            for (var step = 0; step < 500; step++)
            {
                var what = race.Step();
                Assert.True(race.Holders <= 1, $"seed {seed}, step {step} ({what}): {race.Holders} hold it");
            }
            race.End();
        }
        // It was a fight.
        Assert.True(
            tally is { Acquired: > 500, Refused: > 2000, Failed: > 2000, Lost: > 300, Released: > 500, TakenOver: > 50 },
            $"{tally.Acquired} acquired, {tally.Refused} refused, {tally.Failed} failed, {tally.Lost} lost, {tally.Released} released, {tally.TakenOver} taken over"
        );
    }

    private sealed class Tally
    {
        public int Acquired { get; set; }

        public int Refused { get; set; }

        public int Failed { get; set; }

        public int Lost { get; set; }

        public int Released { get; set; }

        public int TakenOver { get; set; }
    }

    /// <summary>One course of events, decided by its seed.</summary>
    private sealed class Race
    {
        private readonly Random _random;
        private readonly Tally _tally;
        private readonly ModelLeases _leases = new();
        private readonly TestLog _log = new();
        private readonly Member[] _members;

        public Race(int seed, Tally tally)
        {
            _random = new Random(seed);
            _tally = tally;
            _members = [.. Enumerable.Range(0, 3).Select(CreateMember)];
        }

        public int Holders => _members.Count(static member => member.Lease.CheckLease());

        public string Step()
        {
            var dice = _random.Next(100);
            switch (dice)
            {
                case < 10:
                    Ask(Pick(_members), static lease => lease.Acquire(static _ => { }), isAcquire: true);
                    return "acquire";
                case < 12:
                    Ask(Pick(_members), static lease => lease.Release(), isAcquire: false);
                    return "release";
                case < 30:
                    Advance(TimeSpan.FromMilliseconds(_random.Next(1, 9000)));
                    return "time";
                case < 33:
                    LoseOne();
                    return "loss";
                default:
                    MoveOne();
                    return "move";
            }
        }

        public void End() =>
            _tally.TakenOver += _log.Lines.Count(static line => line.Contains("taken over from", StringComparison.Ordinal));

        private Member CreateMember(int number)
        {
            FakeTimeProvider clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(number * 100 - 100));
            LeaseSettings settings = new(
                "fleet",
                $"member-{number}",
                new TimeoutSettings(TimeSpan.FromSeconds(5), Duration, TimeSpan.FromSeconds(4)),
                Akka.Configuration.Config.Empty
            );
            KubernetesLease lease = new(settings, _leases.CreateClient(), clock, _random.NextDouble, _log);
            return new(lease, clock, 1 + _random.NextDouble() * LeaseObservation.DriftAllowance);
        }

        private void Ask(Member member, Func<Lease, Task<bool>> ask, bool isAcquire)
        {
            if (member.Asked is { IsCompleted: false })
            {
                return;
            }
            var wasHeld = member.Lease.CheckLease();
            member.Asked = ask(member.Lease);
            member.IsAcquire = isAcquire;
            if (isAcquire && wasHeld)
            {
                member.Asked = null;
            }
        }

        private void Advance(TimeSpan by)
        {
            foreach (var member in _members)
            {
                var wasHeld = member.Lease.CheckLease();
                member.Clock.Advance(by * member.Rate);
                if (wasHeld && !member.Lease.CheckLease())
                {
                    _tally.Lost++;
                }
            }
            Count();
        }

        private void MoveOne()
        {
            if (_leases.Messages.Count == 0)
            {
                return;
            }
            var message = Pick(_leases.Messages);
            if (message.Move())
            {
                _leases.Messages.Remove(message);
            }
            Count();
        }

        private void LoseOne()
        {
            if (_leases.Messages.Count == 0)
            {
                return;
            }
            var message = Pick(_leases.Messages);
            _leases.Messages.Remove(message);
            message.Lose();
            Count();
        }

        private void Count()
        {
            foreach (var member in _members)
            {
                if (member.Asked is not { IsCompleted: true } asked)
                {
                    continue;
                }
                member.Asked = null;
                if (!asked.IsCompletedSuccessfully)
                {
                    _tally.Failed++;
                }
                else if (!member.IsAcquire)
                {
                    _tally.Released++;
                }
                else if (asked.Result)
                {
                    _tally.Acquired++;
                }
                else
                {
                    _tally.Refused++;
                }
            }
        }

        private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];
    }

    private sealed class Member(KubernetesLease lease, FakeTimeProvider clock, double rate)
    {
        public KubernetesLease Lease { get; } = lease;

        public FakeTimeProvider Clock { get; } = clock;

        /// <summary>How fast its clock runs.</summary>
        public double Rate { get; } = rate;

        public Task<bool>? Asked { get; set; }

        public bool IsAcquire { get; set; }
    }
}
