using TlsGateway.Actors;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Telemetry;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Admin;

/// <summary><c>/listeners</c>, <c>/certificates</c>, <c>/configuration</c>, <c>/log</c>: what the process serves, and the orders to it.</summary>
/// <param name="host">The data path; null before it is up.</param>
/// <param name="controls">Of the process; null before it is up.</param>
/// <param name="time">The clock that certificates are held against.</param>
internal sealed class ProcessEndpoint(Func<GatewayHost?> host, Func<AdminControls?> controls, TimeProvider time)
{
    public void Map(WebApplication server)
    {
        server.MapGet("/listeners", context => WithHostAsync(context, ListListenersAsync));
        server.MapGet("/certificates", context => WithControlsAsync(context, ListCertificatesAsync));
        server.MapGet("/configuration", context => WithControlsAsync(context, ShowConfigurationAsync));
        server.MapPost("/configuration/reload", context => WithControlsAsync(context, ReloadAsync));
        server.MapGet("/log", context => WithControlsAsync(context, ShowLogAsync));
        server.MapPut("/log", context => WithControlsAsync(context, SetLogAsync));
    }

    private Task ListListenersAsync(HttpContext context, GatewayHost running)
    {
        var configured = controls()?.Configuration().Listeners ?? [];
        return AdminJson.WriteAsync(
            context,
            StatusCodes.Status200OK,
            new
            {
                Listeners = running.Listeners.Select(bound =>
                    Of(bound, running.Metrics, configured.FirstOrDefault(one => one.Name == bound.Name))
                ),
            }
        );
    }

    private static object Of(BoundListener bound, GatewayMetrics metrics, ListenerSettings? settings)
    {
        var counters = metrics.Counters.Where(counts => counts.Listener == bound.Name).ToList();
        return new
        {
            bound.Name,
            Address = bound.EndPoint.ToString(),
            Engine = settings?.Engine == TlsEngine.BouncyCastle ? "bouncycastle" : "openssl",
            Connections = counters.Sum(static counts => Volatile.Read(ref counts.Open)),
            Limit = settings?.MaxConnections,
            Accepted = counters.Sum(static counts => Volatile.Read(ref counts.Accepted)),
            Stalled = counters.Sum(static counts => counts.Stalls.Stalled),
            Refused = Enum.GetValues<CloseReason>()
                .Select(reason => (Name: GatewayMetrics.NameOf(reason), Count: counters.Sum(counts => counts.Refused(reason))))
                .Where(static refused => refused.Count > 0)
                .ToDictionary(static refused => refused.Name, static refused => refused.Count, StringComparer.Ordinal),
            Routes = settings?.Routes.Select(static route => new { route.Name, Upstream = route.Target.Upstream?.Name }),
            Upstream = settings?.Upstream?.Name,
        };
    }

    private Task ListCertificatesAsync(HttpContext context, AdminControls running) =>
        AdminJson.WriteAsync(context, StatusCodes.Status200OK, new { Certificates = running.Certificates().Select(Of) });

    private object Of(ServedCertificate certificate)
    {
        var now = time.GetUtcNow();
        return new
        {
            certificate.Listener,
            certificate.Name,
            certificate.Subject,
            certificate.Names,
            certificate.Serial,
            certificate.NotBefore,
            certificate.NotAfter,
            DaysLeft = Math.Floor((certificate.NotAfter - now).TotalDays),
            Ocsp = certificate.Staple is not { } staple ? null : new { Stapled = staple.Get(now) is not null, staple.ThisUpdate },
        };
    }

    private Task ShowConfigurationAsync(HttpContext context, AdminControls running)
    {
        var configuration = running.Configuration();
        return AdminJson.WriteAsync(
            context,
            StatusCodes.Status200OK,
            new
            {
                Generation = host()?.Generation,
                configuration.File,
                // As it stands in the file: variables, which may be secret, are not put in.
                configuration.Yaml,
            }
        );
    }

    private async Task ReloadAsync(HttpContext context, AdminControls running)
    {
        if (await running.ReloadAsync().ConfigureAwait(false))
        {
            await AdminJson.WriteAsync(context, StatusCodes.Status200OK, new { Generation = host()?.Generation }).ConfigureAwait(false);
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

    private static Task ShowLogAsync(HttpContext context, AdminControls running) =>
        AdminJson.WriteAsync(context, StatusCodes.Status200OK, new { Level = NameOf(running.Level.Level) });

    private static Task SetLogAsync(HttpContext context, AdminControls running)
    {
        var query = context.Request.Query;
        var level = Enum.GetValues<LogLevel>()
            .Select(static one => (LogLevel?)one)
            .FirstOrDefault(one => NameOf(one!.Value) == query["level"]);
        if (level is not { } known || query.Count != 1)
        {
            return AdminJson.ProblemAsync(
                context,
                StatusCodes.Status400BadRequest,
                $"The query takes level, which is {string.Join(", ", Enum.GetValues<LogLevel>().Select(NameOf))}."
            );
        }
        running.Level.Level = known;
        return ShowLogAsync(context, running);
    }

    private static string NameOf(LogLevel level) => level.ToString().ToLowerInvariant();

    private Task WithHostAsync(HttpContext context, Func<HttpContext, GatewayHost, Task> answer) =>
        host() is { } running ? answer(context, running) : NotYetAsync(context);

    private Task WithControlsAsync(HttpContext context, Func<HttpContext, AdminControls, Task> answer) =>
        controls() is { } running ? answer(context, running) : NotYetAsync(context);

    private static Task NotYetAsync(HttpContext context) =>
        AdminJson.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, "The gateway is starting or stopping.");
}
