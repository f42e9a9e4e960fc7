namespace TlsGateway.Gateway.Hosting;

/// <summary>What the process itself logs. Event ids 100 to 199.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(100, LogLevel.Information, "{Line}")]
    public static partial void Started(this ILogger log, string line);

    [LoggerMessage(101, LogLevel.Warning, "{Problem}")]
    public static partial void ConfigurationWarning(this ILogger log, string problem);

    [LoggerMessage(102, LogLevel.Error, "{Problem}")]
    public static partial void ConfigurationError(this ILogger log, string problem);

    [LoggerMessage(103, LogLevel.Information, "Reloading {File}: {Signal} received")]
    public static partial void Reloading(this ILogger log, string file, string signal);

    [LoggerMessage(104, LogLevel.Information, "Serving generation {Generation} of {File}, listeners: {Listeners}")]
    public static partial void Reloaded(this ILogger log, int generation, string file, int listeners);

    [LoggerMessage(105, LogLevel.Error, "Reload refused, errors: {Errors}; still serving generation {Generation}")]
    public static partial void ReloadRefused(this ILogger log, int errors, int generation);

    [LoggerMessage(106, LogLevel.Warning, "{Key} has changed: that takes effect at the next start")]
    public static partial void NeedsRestart(this ILogger log, string key);

    [LoggerMessage(107, LogLevel.Information, "{Signal} received: draining for up to {DrainSeconds} s; once more stops at once")]
    public static partial void Draining(this ILogger log, string signal, double drainSeconds);

    [LoggerMessage(
        128,
        LogLevel.Information,
        "{Signal} received: unready; connections are accepted for {GraceSeconds} s still, then drained for up to {DrainSeconds} s; once more stops at once"
    )]
    public static partial void DrainingAfterGrace(this ILogger log, string signal, double graceSeconds, double drainSeconds);

    [LoggerMessage(108, LogLevel.Information, "Drained: all connections have ended")]
    public static partial void Drained(this ILogger log);

    [LoggerMessage(109, LogLevel.Warning, "{Signal} received again: stopping at once")]
    public static partial void StoppingAtOnce(this ILogger log, string signal);

    [LoggerMessage(110, LogLevel.Error, "Reload failed: still serving generation {Generation}")]
    public static partial void ReloadFailed(this ILogger log, Exception failure, int generation);

    [LoggerMessage(111, LogLevel.Warning, "Drain time is over with {Connections} connections open: they were closed")]
    public static partial void DrainTimeOver(this ILogger log, long connections);

    [LoggerMessage(113, LogLevel.Information, "A new session ticket key seals; {Kept} old ones still open")]
    public static partial void TicketKeyRotated(this ILogger log, int kept);

    [LoggerMessage(114, LogLevel.Information, "Session ticket keys read from {File}: {Keys}, the first seals")]
    public static partial void TicketKeysRead(this ILogger log, string file, int keys);

    [LoggerMessage(115, LogLevel.Error, "Session ticket keys kept as they were: ticketKeys.file is '{File}', {Problem}")]
    public static partial void TicketKeysRefused(this ILogger log, string file, string problem);

    [LoggerMessage(
        116,
        LogLevel.Warning,
        "KEY LOG ON: the keys of every connection go to {File}; whoever reads it can decrypt recorded traffic. Remove keyLogFile when you are done"
    )]
    public static partial void KeyLogOn(this ILogger log, string file);

    [LoggerMessage(118, LogLevel.Information, "Changed, loading again: {Files}")]
    public static partial void FilesChanged(this ILogger log, string files);

    [LoggerMessage(119, LogLevel.Error, "Files are not watched any more; SIGHUP still loads them")]
    public static partial void WatchFailed(this ILogger log, Exception failure);

    [LoggerMessage(120, LogLevel.Information, "OCSP response stapled to {Certificate}, good until {Until:u}")]
    public static partial void Stapled(this ILogger log, string certificate, DateTimeOffset until);

    [LoggerMessage(121, LogLevel.Warning, "No OCSP response for {Certificate}: {Reason}; {Remaining}")]
    public static partial void StapleFailed(this ILogger log, string certificate, string reason, string remaining);

    [LoggerMessage(
        122,
        LogLevel.Error,
        "THE CERTIFICATE {Certificate} IS REVOKED {Detail}, says its issuer: nothing is stapled. Replace it"
    )]
    public static partial void StapleSaysRevoked(this ILogger log, string certificate, string detail);

    [LoggerMessage(123, LogLevel.Error, "Fetching an OCSP response for {Certificate} failed; it is tried again")]
    public static partial void StapleBroke(this ILogger log, Exception failure, string certificate);

    [LoggerMessage(124, LogLevel.Warning, "The OCSP response for {Certificate} is not kept on disk: {Reason}")]
    public static partial void StapleNotKept(this ILogger log, string certificate, string reason);

    [LoggerMessage(125, LogLevel.Warning, "Serving without the OCSP response of a must-staple certificate: it did not come in {Seconds} s")]
    public static partial void MustStapleWaitOver(this ILogger log, double seconds);

    [LoggerMessage(150, LogLevel.Warning, "The OCSP response of member {Member} for {Certificate} is not taken: {Reason}")]
    public static partial void StapleRefused(this ILogger log, string member, string certificate, string reason);

    [LoggerMessage(112, LogLevel.Error, "Outside any actor: an event loop's work failed; the loop goes on")]
    public static partial void LoopWorkFailed(this ILogger log, Exception failure);

    [LoggerMessage(126, LogLevel.Warning, "The access log {Output} cannot be written, {Lost} lines are lost so far: {Reason}")]
    public static partial void AccessLogLost(this ILogger log, string output, long lost, string reason);

    [LoggerMessage(127, LogLevel.Information, "admin: {Client} as {Role} by {Credential}: {Method} {Path}, answered {Status}")]
    public static partial void AdminChange(
        this ILogger log,
        System.Net.IPEndPoint client,
        Admin.AdminRole role,
        string credential,
        string method,
        string path,
        int status
    );
}
