using System.ComponentModel;
using TlsGateway.Actors;
using TlsGateway.Gateway.Admin.Api;
using TlsGateway.Gateway.Admin.Views;

namespace TlsGateway.Gateway.Admin;

/// <summary><c>/listeners</c>, <c>/routes</c>, <c>/limits</c>, <c>/certificates</c>, <c>/configuration</c>, <c>/log</c>: what the process serves, and the orders to it.</summary>
/// <param name="host">The data path; null before it is up.</param>
/// <param name="controls">Of the process; null before it is up.</param>
/// <param name="time">The clock that certificates are held against.</param>
internal sealed class ProcessEndpoint(Func<GatewayHost?> host, Func<AdminControls?> controls, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder server)
    {
        server
            .Get("/listeners", (HttpContext context) => AdminAnswer.ShowAsync(context, host(), ListenersView.Of))
            .Describes<ListenersView>("What is listened on: address, engine, connections and their limit, refusals, routes.");
        server
            .Get("/routes", (HttpContext context) => AdminAnswer.ShowAsync(context, host(), RoutesView.Of))
            .Describes<RoutesView>("Each listener's routes, in the order in which they are tried.");
        server
            .Get(
                "/limits",
                (HttpContext context) => AdminAnswer.ShowAsync(context, host(), static running => LimitsView.Of(running.Limits))
            )
            .Describes<LimitsView>("What bounds connections, how much of it is used, and what was refused.");
        server
            .Get("/generations", (HttpContext context) => AdminAnswer.ShowAsync(context, host(), GenerationsView.Of))
            .Describes<GenerationsView>("Open connections by the configuration that they began with.");
        server
            .Get("/certificates", (HttpContext context) => AdminAnswer.ShowAsync(context, controls(), ListCertificates))
            .Describes<CertificatesView>("What is served: names, serial number, days left, OCSP.");
        server
            .Get("/configuration", (HttpContext context) => AdminAnswer.ShowAsync(context, controls(), ShowConfiguration))
            .Describes<ConfigurationView>("The file as it stands, and the generation that is served.");
        server
            .Post("/configuration/reload", (HttpContext context) => ReloadAsync(context))
            .Describes<GenerationView>("Reads the configuration again, as SIGHUP does.", Status.Conflict);
        server
            .Get("/log", (HttpContext context) => AdminAnswer.ShowAsync(context, controls(), ShowLog))
            .Describes<LogView>("The level that is logged.");
        server
            .Put(
                "/log",
                (
                    HttpContext context,
                    [Description("trace, debug, information, warning, error, critical or none; until the next reload.")] string? level
                ) => SetLogAsync(context, level)
            )
            .Describes<LogView>("Sets the level that is logged.", Status.BadRequest);
    }

    private CertificatesView ListCertificates(AdminControls running) =>
        new([.. running.Certificates().Select(one => CertificateView.Of(one, time.GetUtcNow()))]);

    private ConfigurationView ShowConfiguration(AdminControls running) =>
        new(host()?.Generation, running.Configuration().File, running.Configuration().Yaml);

    private Task ReloadAsync(HttpContext context) =>
        AdminAnswer.WithAsync(
            context,
            controls(),
            async running =>
            {
                if (await running.ReloadAsync().ConfigureAwait(false))
                {
                    await AdminJson
                        .WriteAsync(context, StatusCodes.Status200OK, new GenerationView(host()?.Generation))
                        .ConfigureAwait(false);
                    return;
                }
                await AdminJson
                    .ProblemAsync(
                        context,
                        StatusCodes.Status409Conflict,
                        "The configuration was refused and nothing has changed. The log has each error with its place."
                    )
                    .ConfigureAwait(false);
            }
        );

    private static LogView ShowLog(AdminControls running) => new(NameOf(running.Level.Level));

    private Task SetLogAsync(HttpContext context, string? level) =>
        AdminAnswer.WithAsync(
            context,
            controls(),
            running =>
            {
                var found = Enum.GetValues<LogLevel>()
                    .Select(static one => (LogLevel?)one)
                    .FirstOrDefault(one => NameOf(one!.Value) == level);
                if (found is not { } known || context.Request.Query.Count != 1)
                {
                    return AdminJson.ProblemAsync(
                        context,
                        StatusCodes.Status400BadRequest,
                        $"The query takes level, which is {string.Join(", ", Enum.GetValues<LogLevel>().Select(NameOf))}."
                    );
                }
                running.Level.Level = known;
                return AdminJson.WriteAsync(context, StatusCodes.Status200OK, ShowLog(running));
            }
        );

    private static string NameOf(LogLevel level) => level.ToString().ToLowerInvariant();
}
