namespace TlsGateway.Gateway.Admin;

/// <summary>
/// Tells requests that a page of another site made in the operator's browser (CSRF): browsers name their origin in Sec-Fetch-Site (Fetch Metadata, W3C) or in
/// Origin (RFC 6454) with each POST. curl sends neither.
/// </summary>
internal static class AdminCrossSite
{
    public static bool IsFromElsewhere(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0)
        {
            return site is not ("same-origin" or "none");
        }
        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0 && !origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }
}
