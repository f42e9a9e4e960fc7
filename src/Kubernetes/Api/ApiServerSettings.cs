using System.Globalization;
using Akka.Configuration;

namespace TlsGateway.Kubernetes.Api;

/// <summary>Where the API server is and how it and we are known to each other.</summary>
internal sealed record ApiServerSettings
{
    public required Uri Address { get; init; }

    /// <summary>PEM; whoever is certified by one of these, for the address's host, is the API server.</summary>
    public required string CaFile { get; init; }

    /// <summary>The service account's bearer token, which kubelet replaces before it is over.</summary>
    public required string TokenFile { get; init; }

    /// <summary>For one request; for a watch, until it begins.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An answer's bytes, which a page of pods fits into several times; a watch's line may have an eighth.</summary>
    public int MaxAnswerBytes { get; init; } = 32 * 1024 * 1024;

    /// <param name="config">Of a plugin, with its defaults.</param>
    /// <param name="path">Where that stands, for messages.</param>
    /// <param name="environment">Looks a variable up.</param>
    /// <exception cref="ConfigurationException">Says what is wrong and what to do.</exception>
    public static ApiServerSettings From(Config config, string path, Func<string, string?> environment) =>
        new()
        {
            Address = AddressFrom(config.GetString("api-server", ""), path, environment),
            CaFile = Required(config, "ca-file", path),
            TokenFile = Required(config, "token-file", path),
            RequestTimeout = Positive(config, "request-timeout", path),
        };

    /// <summary>The namespace that is configured, or the one that this process runs in.</summary>
    /// <exception cref="ConfigurationException">Says what is wrong and what to do.</exception>
    public static string NamespaceFrom(Config config, string path)
    {
        var configured = config.GetString("namespace", "");
        if (configured.Length > 0)
        {
            return configured;
        }
        var file = Required(config, "namespace-file", path);
        try
        {
            var read = File.ReadAllText(file).Trim();
            return read.Length > 0 ? read : throw new ConfigurationException($"{path}: {file} is empty; set {path}.namespace");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(
                $"{path}: the namespace cannot be read from {file} ({failed.Message}); outside a pod, set {path}.namespace",
                failed
            );
        }
    }

    /// <exception cref="ConfigurationException">It is not there, or not more than nothing.</exception>
    public static TimeSpan Positive(Config config, string key, string path)
    {
        var value = config.GetTimeSpan(key, TimeSpan.Zero, allowInfinite: false);
        return value > TimeSpan.Zero ? value : throw new ConfigurationException($"{path}.{key} must be longer than nothing");
    }

    /// <exception cref="ConfigurationException">It is out of range.</exception>
    public static int Within(Config config, string key, string path, int least, int most)
    {
        var value = config.GetInt(key, 0);
        return value >= least && value <= most
            ? value
            : throw new ConfigurationException($"{path}.{key} is {value}, but must be from {least} to {most}");
    }

    private static Uri AddressFrom(string configured, string path, Func<string, string?> environment)
    {
        if (configured.Length > 0)
        {
            return Uri.TryCreate(configured, UriKind.Absolute, out var given) && given.Scheme == Uri.UriSchemeHttps
                ? given
                : throw new ConfigurationException(
                    $"{path}.api-server is '{configured}', but must be an address that starts with https://"
                );
        }
        var host = environment("KUBERNETES_SERVICE_HOST");
        if (string.IsNullOrWhiteSpace(host))
        {
            throw new ConfigurationException(
                $"{path}: no API server, since KUBERNETES_SERVICE_HOST is not set; run in a pod, or set {path}.api-server"
            );
        }
        var port = environment("KUBERNETES_SERVICE_PORT_HTTPS") ?? environment("KUBERNETES_SERVICE_PORT");
        return int.TryParse(port ?? "443", NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535
            ? new UriBuilder(Uri.UriSchemeHttps, host, number).Uri
            : throw new ConfigurationException($"{path}: KUBERNETES_SERVICE_PORT is '{port}', which is no port");
    }

    private static string Required(Config config, string key, string path)
    {
        var value = config.GetString(key, "");
        return value.Length > 0 ? value : throw new ConfigurationException($"{path}.{key} must not be empty");
    }
}
