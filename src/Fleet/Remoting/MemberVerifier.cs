using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using TlsGateway.Fleet.Settings;

namespace TlsGateway.Fleet.Remoting;

/// <summary>Says whether who is at the other end of a connection between members is a member. Any thread.</summary>
/// <param name="tls">What a member must have.</param>
/// <param name="log">Gets each refusal.</param>
internal sealed class MemberVerifier(FleetTls tls, ILogger log)
{
    private long _refused;

    /// <summary>Refused so far.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>As the remoting's callback has it.</summary>
    /// <param name="certificate">Of the other; null: it showed none.</param>
    /// <param name="chain">What it sent with it.</param>
    /// <param name="peer">As the remoting calls the other.</param>
    /// <param name="errors">What the platform found, which goes by the machine's authorities: only the name counts here.</param>
    public bool IsMember(X509Certificate2? certificate, X509Chain? chain, string? peer, SslPolicyErrors errors)
    {
        var problem = tls.FindProblem(certificate, chain, errors);
        if (problem is null)
        {
            return true;
        }
        Refuse(peer ?? "?", problem);
        return false;
    }

    /// <summary>Counts and logs one that is no member.</summary>
    /// <param name="peer">As the remoting calls it.</param>
    /// <param name="problem">Why it is none.</param>
    public void Refuse(string peer, string problem)
    {
        Interlocked.Increment(ref _refused);
        log.MemberRefused(peer, problem);
    }
}
