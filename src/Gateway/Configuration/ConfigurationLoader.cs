using System.Text;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Gateway.Configuration.Reading;

namespace TlsGateway.Gateway.Configuration;

/// <summary>Reads a configuration file: text, YAML, options, settings. Every stage that can still run does, so that all problems come at once.</summary>
internal static class ConfigurationLoader
{
    /// <summary>A file has a few KiB; the bound keeps a wrong path (a log, a device) from filling memory.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Loads <paramref name="file"/>, which is named in problems just as it is given here.</summary>
    public static Task<ConfigurationResult> LoadAsync(string file, ConfigurationWorld world, CancellationToken cancellation)
    {
        ConfigurationProblems problems = new(file);
        return ReadText(file, problems) is { } yaml
            ? LoadAsync(file, yaml, problems, world, cancellation)
            : Task.FromResult(new ConfigurationResult(null, problems.InFileOrder()));
    }

    /// <summary>As above, from the text that was read before: what it names is read again, the file itself is not.</summary>
    public static Task<ConfigurationResult> LoadTextAsync(
        string file,
        string yaml,
        ConfigurationWorld world,
        CancellationToken cancellation
    ) => LoadAsync(file, yaml, new ConfigurationProblems(file), world, cancellation);

    private static async Task<ConfigurationResult> LoadAsync(
        string file,
        string yaml,
        ConfigurationProblems problems,
        ConfigurationWorld world,
        CancellationToken cancellation
    )
    {
        GatewayConfiguration? configuration = null;
        if (
            new YamlDocumentReader(problems).Read(yaml) is { } document
            && new OptionsReader(problems, world.GetVariable).Read(document) is { } options
        )
        {
            ConfigurationChecker checker = new(problems, world, Path.GetFullPath(file, world.WorkingFolder));
            configuration = await checker.CheckAsync(options, cancellation).ConfigureAwait(false);
        }
        return new ConfigurationResult(configuration is null ? null : configuration with { Yaml = yaml }, problems.InFileOrder());
    }

    private static string? ReadText(string file, ConfigurationProblems problems)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            // A pipe has no length.
            var buffer = new byte[Math.Min(stream.CanSeek ? stream.Length : MaxFileBytes, MaxFileBytes) + 1];
            var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (length > MaxFileBytes)
            {
                problems.Error(SourcePosition.Start, $"the file is larger than {MaxFileBytes} bytes. Is this the configuration?");
                return null;
            }
            using StreamReader reader = new(new MemoryStream(buffer, 0, length), StrictUtf8);
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException)
        {
            problems.Error(SourcePosition.Start, "the file is not UTF-8 text. Save it as UTF-8.");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            problems.Error(SourcePosition.Start, DescribeUnreadable(file, failed));
        }
        return null;
    }

    private static string DescribeUnreadable(string file, Exception failed) =>
        failed switch
        {
            _ when Directory.Exists(file) => "this is a folder. Name the file in it: --config folder/gateway.yaml.",
            FileNotFoundException or DirectoryNotFoundException =>
                "the file does not exist. Name another with --config FILE or GATEWAY_CONFIG.",
            UnauthorizedAccessException => "this user may not read the file. Check its mode and owner.",
            _ => $"the file cannot be read: {failed.Message}",
        };
}
