using System.Runtime.InteropServices;
using TlsGateway.Tls;
using TlsGateway.Tls.OpenSsl;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Gateway.Commands;

/// <summary><c>gateway version</c>: what a bug report needs.</summary>
internal static class VersionCommand
{
    public static int Invoke(TextWriter output, TextWriter error)
    {
        output.WriteLine($"gateway {GatewayVersion.Text}");
        output.WriteLine($".NET    {Environment.Version}");
        output.WriteLine(
            $"system  {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}"
        );
        try
        {
            output.WriteLine($"engine  openssl: {OpenSslLibrary.VersionText}");
            output.WriteLine($"groups  {string.Join(' ', OpenSslLibrary.Tls13Groups)}");
            output.WriteLine($"suites  TLS 1.3: {string.Join(' ', TlsParameterNames.CipherSuites.Where(TlsParameterNames.IsTls13Suite))}");
            output.WriteLine(
                $"        TLS 1.2: {string.Join(' ', TlsParameterNames.CipherSuites.Where(static suite => !TlsParameterNames.IsTls13Suite(suite)))}"
            );
            output.WriteLine($"can     {OpenSslContext.Capabilities}");
            return ExitCode.Success;
        }
        catch (TlsConfigurationException unusable)
        {
            error.WriteLine($"engine  openssl: {unusable.Message}");
            return ExitCode.RuntimeFailure;
        }
    }
}
