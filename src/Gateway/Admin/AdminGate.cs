using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Connections.Features;
using TlsGateway.Gateway.Hosting;
using TlsGateway.LiveView;

namespace TlsGateway.Gateway.Admin;

/// <summary>
/// Who may do what at the admin endpoint: health is for everybody, else a bearer token or a certificate says the role; with neither configured, which loopback alone may be, everybody is admin. Failures are bounded by client network; what changes
/// something is logged, whatever came of it, and refused to web pages of other sites. Browsers show a token once, at the live view's door, and carry a session's number then.
/// </summary>
internal sealed class AdminGate(ILogger log, TimeProvider time) : IDisposable
{
    /// <summary>For a person who types a token in; a program that guesses gets nowhere.</summary>
    private const int FailuresPerMinute = 10;

    private static readonly HashSet<string> Open = new([.. AdminServer.LivePaths, .. AdminServer.ReadyPaths], StringComparer.Ordinal);

    /// <summary>Made when it is needed: its timer looks after it ten times a second, on a machine that may have nothing else to do.</summary>
    private readonly Lazy<PartitionedRateLimiter<IPAddress>> _failures = new(static () =>
        PartitionedRateLimiter.Create<IPAddress, IPAddress>(static address =>
            RateLimitPartition.GetFixedWindowLimiter(
                NetworkOf(address),
                static _ => new FixedWindowRateLimiterOptions { PermitLimit = FailuresPerMinute, Window = TimeSpan.FromMinutes(1) }
            )
        )
    );

    private readonly AdminSessions _sessions = new(time);

    private volatile AdminAccess _access = new(AdminTokens.None);

    /// <summary>Replaced by a reload.</summary>
    public AdminAccess Access
    {
        get => _access;
        set => _access = value;
    }

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (Open.Contains(request.Path.Value ?? ""))
        {
            await next(context).ConfigureAwait(false);
            return;
        }
        var access = _access;
        if (LoginPage.IsAt(request.Path) && !access.Tokens.IsEmpty)
        {
            await LogInOrOutAsync(context, access.Tokens).ConfigureAwait(false);
            return;
        }
        // What an open page sends is no order: nothing can be changed there.
        var isChange = !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !LiveViewSetup.IsChannel(request.Path);
        var id = "";
        var role = access.IsOpen ? AdminRole.Admin : RoleOf(context, access, out id);
        await AnswerAsync(context, next, access, role, isChange).ConfigureAwait(false);
        if (isChange)
        {
            Audit(context, role, id);
        }
    }

    public void Dispose()
    {
        if (_failures.IsValueCreated)
        {
            _failures.Value.Dispose();
        }
    }

    private async Task AnswerAsync(HttpContext context, RequestDelegate next, AdminAccess access, AdminRole role, bool isChange)
    {
        var isFromElsewhere = AdminCrossSite.IsFromElsewhere(context.Request);
        if (role == AdminRole.None && !access.Tokens.IsEmpty && LoginPage.IsFor(context.Request))
        {
            context.Response.Redirect(LoginPage.Path);
        }
        else if (role == AdminRole.None)
        {
            using var failure = _failures.Value.AttemptAcquire(context.Connection.RemoteIpAddress ?? IPAddress.None);
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"gateway admin\"";
            await (
                failure.IsAcquired
                    ? AdminJson.ProblemAsync(
                        context,
                        StatusCodes.Status401Unauthorized,
                        "A bearer token of admin.readTokenFile or admin.adminTokenFile is needed, or a certificate that admin.tls.clients lets in."
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
        else if (isFromElsewhere && (isChange || LiveViewSetup.IsChannel(context.Request.Path)))
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

    private AdminRole RoleOf(HttpContext context, AdminAccess access, out string id)
    {
        var request = context.Request;
        var role = access.Tokens.RoleOf(request.Headers.Authorization.ToString(), out id);
        if (role == AdminRole.None && request.Cookies[AdminSessions.Cookie] is { } number && _sessions.Find(number) is { } digest)
        {
            role = access.Tokens.RoleOf(digest);
            id = AdminTokens.IdOf(digest);
        }
        if (
            access.Tls?.Clients is { } clients
            && context.Connection.ClientCertificate is { } certificate
            // It was verified when the connection began.
            && VerifiedBy(context) is { } then
            && then.TrustsAs(clients)
            && clients.RoleOf(certificate, out var subject) is var shown
            && shown > role
        )
        {
            (role, id) = (shown, subject);
        }
        return role;
    }

    /// <summary>To be called for each connection: by whom its caller's certificate will be verified.</summary>
    public static void Remember(IDictionary<object, object?> connection, AdminTls tls) => connection[typeof(AdminClients)] = tls.Clients;

    private static AdminClients? VerifiedBy(HttpContext context) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(typeof(AdminClients), out var clients) == true
            ? clients as AdminClients
            : null;

    private async Task LogInOrOutAsync(HttpContext context, AdminTokens tokens)
    {
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method))
        {
            await LoginPage.WriteAsync(context, StatusCodes.Status200OK, "").ConfigureAwait(false);
        }
        else if (!HttpMethods.IsPost(request.Method) || AdminCrossSite.IsFromElsewhere(request))
        {
            await AdminJson
                .ProblemAsync(context, StatusCodes.Status403Forbidden, "Tokens are taken from this page's own form.")
                .ConfigureAwait(false);
        }
        else if (request.Path == LoginPage.OutPath)
        {
            _sessions.End(request.Cookies[AdminSessions.Cookie] ?? "");
            context.Response.Cookies.Delete(AdminSessions.Cookie);
            context.Response.Redirect(LoginPage.Path);
        }
        else
        {
            await LogInAsync(context, tokens).ConfigureAwait(false);
        }
    }

    private async Task LogInAsync(HttpContext context, AdminTokens tokens)
    {
        var role = tokens.RoleOfToken(await LoginPage.ReadTokenAsync(context.Request).ConfigureAwait(false), out var digest);
        if (role != AdminRole.None)
        {
            CookieOptions options = new()
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Strict,
                Secure = context.Request.IsHttps,
                MaxAge = AdminSessions.Lifetime,
            };
            context.Response.Cookies.Append(AdminSessions.Cookie, _sessions.Begin(digest), options);
            context.Response.Redirect(LoginPage.Home);
            Audit(context, role, AdminTokens.IdOf(digest));
            return;
        }
        using var failure = _failures.Value.AttemptAcquire(context.Connection.RemoteIpAddress ?? IPAddress.None);
        var (status, problem) = failure.IsAcquired
            ? (StatusCodes.Status401Unauthorized, "This is no token of this gateway.")
            : (StatusCodes.Status429TooManyRequests, "Too many wrong tokens from your network. Wait a minute.");
        await LoginPage.WriteAsync(context, status, problem).ConfigureAwait(false);
    }

    private void Audit(HttpContext context, AdminRole role, string id) =>
        log.AdminChange(
            new IPEndPoint(context.Connection.RemoteIpAddress ?? IPAddress.None, context.Connection.RemotePort),
            role,
            id.Length > 0 ? id : "no credential",
            context.Request.Method,
            What(context.Request),
            context.Response.StatusCode
        );

    /// <summary>The path and the query as they were sent, percent-encoded; what is too long is cut off.</summary>
    private static string What(HttpRequest request)
    {
        const int MaxLength = 300;
        var what = request.Path.ToUriComponent() + request.QueryString.ToUriComponent();
        return what.Length <= MaxLength ? what : what[..MaxLength] + "...";
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
