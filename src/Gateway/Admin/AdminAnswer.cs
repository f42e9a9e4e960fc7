using Akka.Actor;
using TlsGateway.Actors.Inspection;

namespace TlsGateway.Gateway.Admin;

/// <summary>Answers of the admin API.</summary>
internal static class AdminAnswer
{
    /// <summary>Answers by what is there only while the gateway serves.</summary>
    public static async Task WithAsync<T>(HttpContext context, T? running, Func<T, Task> answer)
        where T : class
    {
        if (running is null)
        {
            await NotNowAsync(context, "The gateway is starting or stopping.").ConfigureAwait(false);
            return;
        }
        try
        {
            await answer(running).ConfigureAwait(false);
        }
        catch (InspectionBusyException busy)
        {
            await NotNowAsync(context, busy.Message).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            await NotNowAsync(context, "An event loop does not answer.").ConfigureAwait(false);
        }
    }

    private static Task NotNowAsync(HttpContext context, string why)
    {
        context.Response.Headers.RetryAfter = "1";
        return AdminJson.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, why);
    }

    /// <summary>As above, with what <paramref name="view"/> makes of it.</summary>
    public static Task ShowAsync<T, TView>(HttpContext context, T? running, Func<T, TView> view)
        where T : class => WithAsync(context, running, known => AdminJson.WriteAsync(context, StatusCodes.Status200OK, view(known)));
}
