using TlsGateway.Gateway.Admin.Api;
using TlsGateway.Gateway.Admin.Views;

namespace TlsGateway.Gateway.Admin;

/// <summary><c>/fleet</c>: every member as this one knows it.</summary>
/// <param name="controls">Of the process; null before it is up.</param>
/// <param name="time">The clock that certificates are held against.</param>
internal sealed class FleetEndpoint(Func<AdminControls?> controls, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder server) =>
        server
            .Get(
                "/fleet",
                (HttpContext context) =>
                    AdminAnswer.ShowAsync(context, controls(), running => FleetView.Of(running.Fleet(), time.GetUtcNow()))
            )
            .Describes<FleetView>("Every member of the fleet: version, generation, certificates, load, drain, and what they disagree on.");
}
