using System.Net;

namespace TlsGateway.Gateway.Admin;

/// <summary>
/// Answers only requests that name this endpoint itself. A web page whose name is made to resolve to 127.0.0.1 (DNS rebinding) makes the operator's
/// browser send that name; an IP address cannot be rebound.
/// </summary>
internal sealed class AdminHostFilter(IPAddress bind)
{
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (IsAllowed(context.Request.Host.Host))
        {
            return next(context);
        }
        context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        return context.Response.WriteAsync("This endpoint answers to localhost and its own address only.\n", context.RequestAborted);
    }

    internal bool IsAllowed(string host)
    {
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }
        var isWildcard = bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any);
        return IPAddress.TryParse(host, out var address) && (isWildcard || IPAddress.IsLoopback(address) || address.Equals(bind));
    }
}
