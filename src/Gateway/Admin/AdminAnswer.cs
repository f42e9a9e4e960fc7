namespace TlsGateway.Gateway.Admin;

/// <summary>Answers of the admin API.</summary>
internal static class AdminAnswer
{
    /// <summary>Answers by what is there only while the gateway serves.</summary>
    public static Task WithAsync<T>(HttpContext context, T? running, Func<T, Task> answer)
        where T : class =>
        running is not null
            ? answer(running)
            : AdminJson.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, "The gateway is starting or stopping.");

    /// <summary>As above, with what <paramref name="view"/> makes of it.</summary>
    public static Task ShowAsync<T, TView>(HttpContext context, T? running, Func<T, TView> view)
        where T : class => WithAsync(context, running, known => AdminJson.WriteAsync(context, StatusCodes.Status200OK, view(known)));
}
