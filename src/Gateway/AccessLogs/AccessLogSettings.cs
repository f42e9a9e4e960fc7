namespace TlsGateway.Gateway.AccessLogs;

/// <summary>Where the access log goes and how it looks.</summary>
/// <param name="Output">stdout, stderr, or the absolute path of a file.</param>
/// <param name="Format">Of its lines.</param>
/// <param name="RotateAt">Bytes at which a file is put aside; 0: never.</param>
/// <param name="Keep">Files put aside that are kept.</param>
internal sealed record AccessLogSettings(string Output, AccessLogFormat Format, long RotateAt, int Keep)
{
    public const string Stdout = "stdout";
    public const string Stderr = "stderr";

    public bool IsFile => Output is not (Stdout or Stderr);
}
