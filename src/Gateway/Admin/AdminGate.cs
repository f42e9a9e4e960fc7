using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using TlsGateway.Gateway.Hosting;

namespace TlsGateway.Gateway.Admin;

/// <summary>
/// Who may do what at the admin endpoint: health is for everybody, else a bearer token says the role; without tokens, which loopback alone may be, everybody is admin. Failures are bounded by client network; what changes
/// something is logged, whatever came of it, and refused to web pages of other sites.
/// </summary>
internal sealed class AdminGate(ILogger log) : IDisposable
{
    /// <summary>For a person who types a token in; a program that guesses gets nowhere.</summary>
    private const int FailuresPerMinute = 10;

    private static readonly HashSet<string> Open = new(StringComparer.Ordinal) { "/livez", "/readyz", "/healthz", "/ready" };

    private readonly PartitionedRateLimiter<IPAddress> _failures = PartitionedRateLimiter.Create<IPAddress, IPAddress>(static address =>
        RateLimitPartition.GetFixedWindowLimiter(
            NetworkOf(address),
            static _ => new FixedWindowRateLimiterOptions { PermitLimit = FailuresPerMinute, Window = TimeSpan.FromMinutes(1) }
        )
    );

    private volatile AdminTokens _tokens = AdminTokens.None;

    /// <summary>Replaced by a reload.</summary>
    public AdminTokens Tokens
    {
        get => _tokens;
        set => _tokens = value;
    }

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (Open.Contains(request.Path.Value ?? ""))
        {
            await next(context).ConfigureAwait(false);
            return;
        }
        var isChange = !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method);
        var tokens = _tokens;
        var id = "";
        var role = tokens.IsEmpty ? AdminRole.Admin : tokens.RoleOf(request.Headers.Authorization.ToString(), out id);
        await AnswerAsync(context, next, role, isChange).ConfigureAwait(false);
        if (isChange)
        {
            log.AdminChange(
                new IPEndPoint(context.Connection.RemoteIpAddress ?? IPAddress.None, context.Connection.RemotePort),
                role,
                id.Length > 0 ? id : "none",
                request.Method,
                request.Path.Value ?? "",
                context.Response.StatusCode
            );
        }
    }

    public void Dispose() => _failures.Dispose();

    private async Task AnswerAsync(HttpContext context, RequestDelegate next, AdminRole role, bool isChange)
    {
        if (role == AdminRole.None)
        {
            using var failure = _failures.AttemptAcquire(context.Connection.RemoteIpAddress ?? IPAddress.None);
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"gateway admin\"";
            await (
                failure.IsAcquired
                    ? AdminJson.ProblemAsync(
                        context,
                        StatusCodes.Status401Unauthorized,
                        "A bearer token of admin.readTokenFile or admin.adminTokenFile is needed."
                    )
                    : AdminJson.ProblemAsync(
                        context,
                        StatusCodes.Status429TooManyRequests,
                        "Too many requests without a valid token. Wait a minute."
                    )
            ).ConfigureAwait(false);
        }
        else if (isChange && role < AdminRole.Admin)
        {
            await AdminJson
                .ProblemAsync(context, StatusCodes.Status403Forbidden, "This token may look, and change nothing.")
                .ConfigureAwait(false);
        }
        else if (isChange && AdminCrossSite.IsFromElsewhere(context.Request))
        {
            await AdminJson
                .ProblemAsync(context, StatusCodes.Status403Forbidden, "A page of another site may not give orders.")
                .ConfigureAwait(false);
        }
        else
        {
            await next(context).ConfigureAwait(false);
        }
    }

    /// <summary>An IPv6 client has a /64 of addresses at least.</summary>
    private static IPAddress NetworkOf(IPAddress address)
    {
        const int NetworkBytes = 8;
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.IsIPv4MappedToIPv6)
        {
            return address;
        }
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return new IPAddress(bytes);
    }
}
