using TlsGateway.Fleet.SharedWork;
using TlsGateway.Gateway.Ocsp;

namespace TlsGateway.Gateway.SharedWork;

/// <summary>OCSP responses, fetched by one member of a fleet for all. Any thread.</summary>
internal sealed class SharedStaples(WorkSharing work) : ISharedStaples
{
    public long Arrivals => work.Arrivals;

    public int RankOf(string certificate) => work.View.RankOf(certificate);

    public void Tell(string certificate, byte[] response) => work.TellStaple(certificate, response);

    public void Hear(Action<string, string, byte[]> heard) =>
        work.StapleHeard = (member, report) => heard(member, report.Certificate, report.Response);
}
