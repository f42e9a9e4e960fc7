using Akka.Configuration;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Tests.Api;

public sealed class ApiServerSettingsTests
{
    private static Config Defaults => KubernetesDefaults.Configuration.GetConfig(KubernetesDefaults.LeasePath);

    [Theory]
    [InlineData("10.96.0.1", "443", "https://10.96.0.1/")]
    [InlineData("10.96.0.1", "6443", "https://10.96.0.1:6443/")]
    [InlineData("fd00::1", "443", "https://[fd00::1]/")]
    [InlineData("kubernetes.default.svc", null, "https://kubernetes.default.svc/")]
    public void In_a_pod_the_clusters_own_api_server_is_asked(string host, string? port, string address)
    {
        var settings = From(name =>
            name == "KUBERNETES_SERVICE_HOST" ? host
            : name == "KUBERNETES_SERVICE_PORT" ? port
            : null
        );

        Assert.Equal(address, settings.Address.AbsoluteUri);
        Assert.Equal("/var/run/secrets/kubernetes.io/serviceaccount/token", settings.TokenFile);
        Assert.Equal("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", settings.CaFile);
    }

    [Fact]
    public void Outside_a_pod_it_is_said_what_to_set()
    {
        var failed = Assert.Throws<ConfigurationException>(() => From(static _ => null));

        Assert.Contains(
            "KUBERNETES_SERVICE_HOST is not set; run in a pod, or set akka.here.api-server",
            failed.Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("0")]
    [InlineData("70000")]
    [InlineData("tcp://10.0.0.1:443")]
    public void A_port_that_is_none_is_refused(string port)
    {
        var failed = Assert.Throws<ConfigurationException>(() => From(name => name == "KUBERNETES_SERVICE_HOST" ? "10.0.0.1" : port));

        Assert.Contains($"'{port}', which is no port", failed.Message, StringComparison.Ordinal);
    }

    private static ApiServerSettings From(Func<string, string?> environment) => ApiServerSettings.From(Defaults, "akka.here", environment);
}
