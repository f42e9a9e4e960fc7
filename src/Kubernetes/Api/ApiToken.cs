namespace TlsGateway.Kubernetes.Api;

/// <summary>
/// The service account's token from its file. Kubelet replaces the file when four fifths of a token's life are over, ten minutes at the least, so it is read again
/// after a minute, and at once when the API server refuses it. Any thread.
/// </summary>
internal sealed class ApiToken(string file, TimeProvider time)
{
    /// <summary>How long a token that was read is used.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(1);

    /// <summary>A token is about one KiB.</summary>
    private const int MaxBytes = 64 * 1024;

    private readonly Lock _lock = new();
    private string? _token;
    private long _readAt;

    /// <exception cref="KubernetesApiException">The file cannot be read.</exception>
    public async ValueTask<string> GetAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_token is not null && time.GetElapsedTime(_readAt) < MaxAge)
            {
                return _token;
            }
        }
        var token = await ReadAsync(cancellation);
        lock (_lock)
        {
            _token = token;
            _readAt = time.GetTimestamp();
        }
        return token;
    }

    /// <summary>The next one is read from the file, unless that has happened since.</summary>
    public void Forget(string refused)
    {
        lock (_lock)
        {
            if (_token == refused)
            {
                _token = null;
            }
        }
    }

    private async Task<string> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            FileInfo info = new(file);
            if (info.Length > MaxBytes)
            {
                throw Unreadable($"it has {info.Length} bytes, which no token has", null);
            }
            var token = (await File.ReadAllTextAsync(file, cancellation)).Trim();
            return token.Length > 0 && !token.AsSpan().ContainsAny('\r', '\n') ? token : throw Unreadable("it holds no token", null);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(failed.Message, failed);
        }
    }

    private KubernetesApiException Unreadable(string why, Exception? inner) =>
        new(
            ApiFault.Unauthorized,
            $"The service account's token cannot be read from {file}: {why} Mount it (automountServiceAccountToken: true) or set token-file.",
            inner
        );
}
