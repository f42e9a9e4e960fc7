using System.Collections.Concurrent;
using System.Security.Cryptography;
using TlsGateway.Actors.ClientCertificates;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.ClientCertificates;

/// <summary>
/// Looks clients' certificates up at their issuer's responder, once while an answer holds, however many connections ask. Soft: only an answer that says revoked keeps a client out;
/// hard: so does the lack of an answer.
/// </summary>
/// <remarks>
/// Only certificates that verified come here, so what is remembered is bounded by what the authorities issued, and by <see cref="MaxRemembered"/>. Any thread.
/// </remarks>
/// <param name="ask">Asks the responder for leaf and issuer (DER). Any exception counts as no answer.</param>
/// <param name="isHard">No answer keeps the client out.</param>
/// <param name="timeout">For one answer, waiting for other questions included.</param>
/// <param name="time">The clock that answers' lifetimes are measured with.</param>
#pragma warning disable CA1001 // A semaphore has something to dispose only once its wait handle was asked for, which nobody does.
internal sealed class ClientRevocationCheck(
#pragma warning restore CA1001
    Func<TlsPeerCertificate, CancellationToken, Task<RevocationAnswer>> ask,
    bool isHard,
    TimeSpan timeout,
    TimeProvider time
) : IClientCertificateStatus
{
    /// <summary>Answers kept; 4,096 certificates that connect within an hour are a large fleet of clients.</summary>
    public const int MaxRemembered = 4096;

    /// <summary>Questions under way at once; more wait their turn, within their time.</summary>
    private const int MaxAsking = 32;

    // RFC 8446 §6.2: certificate_revoked, certificate_unknown.
    private const int RevokedAlert = 44;
    private const int UnknownAlert = 46;

    /// <summary>A good answer is asked for again at least this often, however long the responder lets it live.</summary>
    private static readonly TimeSpan LongestGood = TimeSpan.FromHours(1);

    /// <summary>A responder that does not answer is not asked about the same certificate again for this long.</summary>
    private static readonly TimeSpan NoAnswerHolds = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Remembered> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task<ClientCertificateVerdict>> _asking = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turns = new(MaxAsking);

    /// <inheritdoc/>
    public ClientCertificateVerdict? Known(TlsPeerCertificate certificate) =>
        _answers.TryGetValue(KeyOf(certificate), out var answer) && time.GetUtcNow() < answer.Until ? answer.Verdict : null;

    /// <inheritdoc/>
    public Task<ClientCertificateVerdict> AskAsync(TlsPeerCertificate certificate)
    {
        var key = KeyOf(certificate);
        TaskCompletionSource<ClientCertificateVerdict> mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = _asking.GetOrAdd(key, mine.Task);
        if (running == mine.Task)
        {
            _ = AnswerAsync(key, certificate, mine);
        }
        return running;
    }

    private async Task AnswerAsync(string key, TlsPeerCertificate certificate, TaskCompletionSource<ClientCertificateVerdict> asked)
    {
        var answer = await LookUpAsync(certificate).ConfigureAwait(false);
        var verdict = VerdictOf(certificate, answer);
        Remember(key, new Remembered(verdict, UntilOf(answer)));
        _asking.TryRemove(key, out _);
        asked.SetResult(verdict);
    }

    private async Task<RevocationAnswer> LookUpAsync(TlsPeerCertificate certificate)
    {
        using CancellationTokenSource over = new(timeout, time);
        try
        {
            await _turns.WaitAsync(over.Token).ConfigureAwait(false);
            try
            {
                return await ask(certificate, over.Token).WaitAsync(over.Token).ConfigureAwait(false);
            }
            finally
            {
                _turns.Release();
            }
        }
        catch (OperationCanceledException)
        {
            return NoAnswer($"no answer within {timeout.TotalSeconds} s");
        }
        catch (Exception failed)
        {
            return NoAnswer(failed.Message);
        }
    }

    private ClientCertificateVerdict VerdictOf(TlsPeerCertificate certificate, RevocationAnswer answer) =>
        answer.Status switch
        {
            RevocationStatus.Good => ClientCertificateVerdict.Good,
            RevocationStatus.Revoked => new ClientCertificateVerdict(
                new TlsFailure(
                    TlsFailureKind.CertificateRevoked,
                    RevokedAlert,
                    $"the certificate of {certificate.Subject} is revoked: {answer.Detail}"
                )
            ),
            _ when !isHard => ClientCertificateVerdict.Good,
            _ => new ClientCertificateVerdict(
                new TlsFailure(
                    TlsFailureKind.CertificateRejected,
                    UnknownAlert,
                    $"whether the certificate of {certificate.Subject} is revoked cannot be found out: {answer.Detail}"
                )
            ),
        };

    private DateTimeOffset UntilOf(RevocationAnswer answer)
    {
        var now = time.GetUtcNow();
        return answer.Status switch
        {
            RevocationStatus.Unknown => now + NoAnswerHolds,
            RevocationStatus.Good when answer.ValidUntil > now + LongestGood => now + LongestGood,
            _ => answer.ValidUntil,
        };
    }

    private void Remember(string key, Remembered answer)
    {
        if (_answers.Count >= MaxRemembered)
        {
            var now = time.GetUtcNow();
            foreach (var (old, remembered) in _answers)
            {
                if (remembered.Until <= now)
                {
                    _answers.TryRemove(old, out _);
                }
            }
        }
        // Still full of answers that hold: the new one is asked for again next time.
        if (_answers.Count < MaxRemembered || _answers.ContainsKey(key))
        {
            _answers[key] = answer;
        }
    }

    private static RevocationAnswer NoAnswer(string why) => new(RevocationStatus.Unknown, default, why);

    /// <summary>A certificate is its bytes: issuer and serial number alone could be those of another authority of the same name.</summary>
    private static string KeyOf(TlsPeerCertificate certificate) => Convert.ToHexString(SHA256.HashData(certificate.Der.Span));

    private sealed record Remembered(ClientCertificateVerdict Verdict, DateTimeOffset Until);
}
