using System.Buffers.Text;
using System.Security.Cryptography;

namespace TlsGateway.Gateway.Admin;

/// <summary>
/// Browsers that showed a token at the live view's door. They carry a number that means nothing elsewhere, not the token; what they may do is asked of the token each time, so that a token
/// that is withdrawn withdraws them. Kept in memory, bounded, ended by a restart. Any thread.
/// </summary>
internal sealed class AdminSessions(TimeProvider time)
{
    /// <summary>The cookie that carries the number.</summary>
    public const string Cookie = "gateway-session";

    /// <summary>More people than look at one gateway; the oldest goes.</summary>
    private const int MaxSessions = 256;

    private const int NumberBytes = 32;

    /// <summary>A working day.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private readonly Lock _lock = new();

    /// <summary>By the number's digest: how long a look-up takes says nothing of the number.</summary>
    private readonly Dictionary<string, (byte[] Token, DateTimeOffset Ends)> _sessions = new(StringComparer.Ordinal);

    /// <summary>Begins one for a token of this digest; the number is for the cookie.</summary>
    public string Begin(byte[] token)
    {
        var number = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(NumberBytes));
        lock (_lock)
        {
            if (_sessions.Count >= MaxSessions)
            {
                _sessions.Remove(_sessions.MinBy(static session => session.Value.Ends).Key);
            }
            _sessions.Add(KeyOf(number), (token, time.GetUtcNow() + Lifetime));
        }
        return number;
    }

    /// <summary>The digest of the token that a session began with; null: there is none with this number.</summary>
    public byte[]? Find(string number)
    {
        if (number.Length != Base64Url.GetEncodedLength(NumberBytes))
        {
            return null;
        }
        lock (_lock)
        {
            if (!_sessions.TryGetValue(KeyOf(number), out var session))
            {
                return null;
            }
            if (session.Ends > time.GetUtcNow())
            {
                return session.Token;
            }
            _sessions.Remove(KeyOf(number));
            return null;
        }
    }

    public void End(string number)
    {
        lock (_lock)
        {
            _sessions.Remove(KeyOf(number));
        }
    }

    private static string KeyOf(string number) => Convert.ToHexString(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(number)));
}
