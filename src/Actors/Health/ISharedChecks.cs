namespace TlsGateway.Actors.Health;

/// <summary>
/// Divides health checks among gateways that check the same: one does a check, all hear what it found. Who does which is for the other side to say; without it, or without word from the others, a gateway does
/// its own. Any thread; quick; never fails.
/// </summary>
public interface ISharedChecks
{
    /// <summary>This gateway does it now.</summary>
    /// <param name="work">What is checked and how: <see cref="CheckWork"/>.</param>
    bool IsMine(string work);

    /// <summary>A check of this gateway ended, or is told of again.</summary>
    void Tell(string work, SharedCheck check);

    /// <summary>Has <paramref name="heard"/> told what others found, those that come before this gateway for the work. On any thread.</summary>
    /// <returns>Ends it.</returns>
    IDisposable Hear(string work, Action<SharedCheck> heard);
}

/// <summary>A health check that goes from one gateway to another, with the verdict after it: who hears it goes on from there.</summary>
/// <param name="Passed">This check.</param>
/// <param name="Detail">As <see cref="EndpointCheck.Detail"/>.</param>
/// <param name="IsDown">The verdict.</param>
/// <param name="InARow">So many in a row ended alike, from 1.</param>
/// <param name="Age">Since it ended; 0: just now.</param>
/// <param name="By">Who did it; "" where it is told.</param>
public sealed record SharedCheck(bool Passed, string Detail, bool IsDown, int InARow, TimeSpan Age = default, string By = "");
