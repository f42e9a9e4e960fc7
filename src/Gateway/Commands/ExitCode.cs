namespace TlsGateway.Gateway.Commands;

/// <summary>What the process tells its parent.</summary>
internal static class ExitCode
{
    /// <summary>Done; for run: drained and stopped as asked.</summary>
    public const int Success = 0;

    /// <summary>The configuration is right and the machine refuses: a port is taken, OpenSSL is missing.</summary>
    public const int RuntimeFailure = 1;

    /// <summary>The configuration or the command line is wrong.</summary>
    public const int ConfigurationError = 2;

    /// <summary>A second SIGTERM or SIGINT ended the process before it had drained; 128 + SIGTERM, as shells report it.</summary>
    public const int StoppedAtOnce = 143;
}
