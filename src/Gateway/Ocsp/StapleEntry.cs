using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Ocsp;

/// <summary>One certificate's staple and the plan for the next; they change by what <see cref="Running"/> does, which there is one of at a time.</summary>
internal sealed class StapleEntry(StapledCertificate certificate, DateTimeOffset due)
{
    /// <summary>Other gateways are told so often, after a response came or after gateways have.</summary>
    public const int TellAgainTimes = 3;

    public StapledCertificate Certificate { get; } = certificate;

    public ServerCertificateStaple Staple { get; } = new();

    public DateTimeOffset ValidUntil { get; private set; }

    /// <summary>Of the newest response.</summary>
    public DateTimeOffset ValidFrom { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>The newest that was believed, also when it says revoked; null: none.</summary>
    public byte[]? Response { get; private set; }

    /// <summary>Other gateways are to be told so often still.</summary>
    public int TellAgain { get; set; }

    public DateTimeOffset Due { get; private set; } = due;

    public TimeSpan Wait { get; private set; } = StapleKeeper.FirstWait;

    public Task Running { get; set; } = Task.CompletedTask;

    /// <summary>Staples a good response.</summary>
    public void Take(byte[] response, RevocationAnswer answer, DateTimeOffset now)
    {
        Know(response, answer);
        Staple.Set(response, answer.ValidFrom, answer.ValidUntil);
        ValidUntil = answer.ValidUntil;
        Wait = StapleKeeper.FirstWait;
        Plan(now);
    }

    /// <summary>For the other gateways, and so that an older one is not taken.</summary>
    public void Know(byte[] response, RevocationAnswer answer) =>
        (Response, ValidFrom, TellAgain) = (response, answer.ValidFrom, TellAgainTimes);

    /// <summary>Another gateway has asked just now, and there is nothing newer.</summary>
    public void PlanIfDue(DateTimeOffset now)
    {
        if (now >= Due)
        {
            Plan(now);
        }
    }

    /// <summary>It failed, or there is nothing to staple: later, and ever more rarely.</summary>
    public void Postpone(DateTimeOffset now)
    {
        Due = now + Wait;
        var next = Wait * 2;
        Wait = next < StapleKeeper.LongestWait ? next : StapleKeeper.LongestWait;
    }

    /// <summary>At half of the time that is left.</summary>
    private void Plan(DateTimeOffset now)
    {
        var half = (ValidUntil - now) / 2;
        Due = now + (half < StapleKeeper.FirstWait ? StapleKeeper.FirstWait : half);
    }
}
