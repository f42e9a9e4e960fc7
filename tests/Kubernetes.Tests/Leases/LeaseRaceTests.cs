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
        for (var seed = 1; seed <= 400; seed++)
        {
            Race race = new(seed, tally);
            for (var step = 0; step < 600; step++)
            {
                var what = race.Step();
                Assert.True(race.Holders <= 1, $"seed {seed}, step {step} ({what}): {race.Holders} hold it");
            }
            race.End();
        }
        // It was a fight.
        Assert.True(
            tally is { Acquired: > 4000, Refused: > 5000, Failed: > 2000, Lost: > 300, Released: > 300, TakenOver: > 150 },
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
        private int _cutOff;

        public Race(int seed, Tally tally)
        {
            _random = new Random(seed);
            _tally = tally;
            _members = [.. Enumerable.Range(0, 3).Select(CreateMember)];
            _cutOff = _members.Length;
        }

        public int Holders => _members.Count(static member => member.Lease.CheckLease());

        public string Step()
        {
            var dice = _random.Next(1000);
            switch (dice)
            {
                case < 120:
                    var acquirer = Pick(_members);
                    acquirer.Acquiring ??= acquirer.Lease.Acquire(static _ => { });
                    Count();
                    return "acquire";
                case < 124:
                    var releaser = Pick(_members);
                    releaser.Releasing ??= releaser.Lease.Release();
                    return "release";
                case < 424:
                    Advance(TimeSpan.FromMilliseconds(_random.Next(10) < 7 ? _random.Next(1, 400) : _random.Next(1000, 4000)));
                    return "time";
                case < 430:
                    // Of one of them nothing goes through for a while, mostly of the holder.
                    var holder = Array.FindIndex(_members, static member => member.Lease.CheckLease());
                    _cutOff = holder >= 0 && _random.Next(3) > 0 ? holder : _random.Next(_members.Length + 1);
                    return "cut";
                case < 440:
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
            KubernetesLease lease = new(settings, _leases.CreateClient(number), clock, _random.NextDouble, _log);
            return new(lease, clock, 1 + _random.NextDouble() * LeaseObservation.DriftAllowance);
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
            var moving = _leases.Messages.Where(message => message.Sender != _cutOff).ToList();
            if (moving.Count == 0)
            {
                return;
            }
            var message = Pick(moving);
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
                if (member.Acquiring is { IsCompleted: true } acquired)
                {
                    member.Acquiring = null;
                    _tally.Failed += acquired.IsCompletedSuccessfully ? 0 : 1;
                    _tally.Acquired += acquired.IsCompletedSuccessfully && acquired.Result ? 1 : 0;
                    _tally.Refused += acquired.IsCompletedSuccessfully && !acquired.Result ? 1 : 0;
                }
                if (member.Releasing is { IsCompleted: true } released)
                {
                    member.Releasing = null;
                    _tally.Released += released.IsCompletedSuccessfully ? 1 : 0;
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

        public Task<bool>? Acquiring { get; set; }

        public Task<bool>? Releasing { get; set; }
    }
}
