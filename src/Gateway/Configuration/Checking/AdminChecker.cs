using System.Net;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks who is let in at the admin endpoint.</summary>
internal sealed class AdminChecker(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files)
{
    private const int MaxTokenFileBytes = 64 * 1024;

    /// <summary>Null: it has an error.</summary>
    public AdminSettings? Check(AdminOptions options)
    {
        var position = options.At(nameof(options.Bind));
        if (!AddressText.TryParseBind(options.Bind, out var bind, out var problem))
        {
            problems.Error(position, $"admin.bind is '{options.Shown(nameof(options.Bind))}', {problem}");
            return null;
        }
        var readers = ReadTokens(options, nameof(options.ReadTokenFile), "readTokenFile", options.ReadTokenFile);
        var admins = ReadTokens(options, nameof(options.AdminTokenFile), "adminTokenFile", options.AdminTokenFile);
        if (readers is null || admins is null)
        {
            return null;
        }
        AdminTls? tls = null;
        if (options.Tls is not null && (tls = new AdminTlsChecker(problems, world, files).Check(options.Tls)) is null)
        {
            return null;
        }
        AdminAccess access = new(AdminTokens.Of(readers, admins), tls);
        if (!IPAddress.IsLoopback(bind.Address) && access.IsOpen)
        {
            problems.Error(
                position,
                $"admin.bind {options.Shown(nameof(options.Bind))} is not loopback, and whoever reaches it would be admin. Set admin.readTokenFile, admin.adminTokenFile or admin.tls.clients, or use 127.0.0.1:{bind.Port}."
            );
            return null;
        }
        return new AdminSettings(bind, access, options.LiveView);
    }

    private List<string>? ReadTokens(AdminOptions options, string property, string key, string? path)
    {
        if (path is null)
        {
            return [];
        }
        var shown = $"admin.{key} is '{options.Shown(property)}'";
        if (files.ReadText(path, options.At(property), shown, MaxTokenFileBytes) is not { } text)
        {
            return null;
        }
        List<string> tokens = [];
        foreach (var (number, line) in text.Split('\n').Index())
        {
            var token = line.Trim();
            if (token.Length == 0)
            {
                continue;
            }
            if (token.Length < AdminTokens.MinLength || token.Any(static c => c is <= ' ' or > '~'))
            {
                problems.Error(
                    options.At(property),
                    $"{shown}, whose line {number + 1} is no token of {AdminTokens.MinLength} characters at least, without spaces. Make one with: openssl rand -base64 24"
                );
                return null;
            }
            tokens.Add(token);
        }
        if (tokens.Count == 0)
        {
            problems.Error(options.At(property), $"{shown}, which has no token in it. Make one with: openssl rand -base64 24");
            return null;
        }
        return tokens;
    }
}
