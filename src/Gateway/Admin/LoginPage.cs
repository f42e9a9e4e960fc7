using System.Net.Mime;

namespace TlsGateway.Gateway.Admin;

/// <summary>The live view's door, where tokens are asked for: a page without script.</summary>
internal static class LoginPage
{
    /// <summary>Of the form, and where it goes to.</summary>
    public const string Path = "/ui/login";

    /// <summary>Ends a session.</summary>
    public const string OutPath = "/ui/logout";

    /// <summary>Where it leads.</summary>
    public const string Home = "/ui";

    private const string Field = "token";

    public static bool IsAt(PathString path) => path == Path || path == OutPath;

    /// <summary>A person wants a page of the live view.</summary>
    public static bool IsFor(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && (request.Path == "/" || request.Path.StartsWithSegments(Home));

    /// <summary>What was typed in; "" where nothing was.</summary>
    public static async Task<string> ReadTokenAsync(HttpRequest request)
    {
        if (!request.HasFormContentType)
        {
            return "";
        }
        try
        {
            var form = await request.ReadFormAsync(request.HttpContext.RequestAborted).ConfigureAwait(false);
            return form[Field].ToString();
        }
        catch (Exception malformed) when (malformed is InvalidDataException or BadHttpRequestException)
        {
            return "";
        }
    }

    /// <param name="context">Of the request.</param>
    /// <param name="status">Of the answer.</param>
    /// <param name="problem">What is wrong, in words of ours; "" for nothing.</param>
    public static Task WriteAsync(HttpContext context, int status, string problem)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = MediaTypeNames.Text.Html + "; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy =
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        return response.WriteAsync(
            $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
            <title>Log in - TLS gateway</title>
            <style>
            body { font-family: system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0; padding: 16px; }
            form { display: grid; gap: 10px; width: min(26rem, 100%); }
            input, button { font: inherit; padding: 8px; }
            p { margin: 0; } [role=alert] { font-weight: 600; }
            </style>
            </head>
            <body>
            <main><form method="post" action="{{Path}}">
            <h1>TLS gateway</h1>
            <label for="token">A token of admin.readTokenFile or admin.adminTokenFile</label>
            <input id="token" name="{{Field}}" type="password" autocomplete="current-password" required maxlength="512" autofocus>
            {{(problem.Length == 0 ? "" : $"<p role=\"alert\">{problem}</p>")}}
            <button>Log in</button>
            </form></main>
            </body>
            </html>
            """,
            context.RequestAborted
        );
    }
}
