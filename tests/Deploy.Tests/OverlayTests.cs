using TlsGateway.Deploy.Tests.Support;
using TlsGateway.Gateway.Commands;
using YamlDotNet.RepresentationModel;

namespace TlsGateway.Deploy.Tests;

public sealed class OverlayTests
{
    [Theory]
    [InlineData("dev")]
    [InlineData("production")]
    [InlineData("deployment")]
    public async Task Nothing_is_wrong_in_an_overlay(string name)
    {
        var overlay = Overlay.Named(name);

        Assert.Empty(overlay.Check(await overlay.RenderAsync()));
    }

    [Theory]
    [InlineData("production")]
    [InlineData("deployment")]
    public async Task What_an_overlay_expects_to_be_there_is_said_when_nobody_says_that_it_is(string name)
    {
        var overlay = Overlay.Named(name);

        var problems = (overlay with { External = [] }).Check(await overlay.RenderAsync());

        Assert.All(
            overlay.External,
            external => Assert.Contains(problems, problem => problem.Message.Contains($"--external {external}", StringComparison.Ordinal))
        );
        Assert.All(problems, problem => Assert.Contains("--external Secret/", problem.Message, StringComparison.Ordinal));
    }

    /// <summary>Its Service is for the pods that others bring.</summary>
    [Fact]
    public async Task Monitoring_can_be_applied_alone()
    {
        var problem = Assert.Single(Overlay.Monitoring.Check(await Overlay.Monitoring.RenderAsync()));

        Assert.Equal(("Service tls-gateway-admin", "spec.selector"), (problem.Document, problem.Path));
    }

    [Fact]
    public async Task Production_has_what_monitoring_has()
    {
        var production = await Overlay.Production.RenderAsync();

        foreach (var kind in (string[])["ServiceMonitor", "PrometheusRule"])
        {
            Assert.Contains($"kind: {kind}\n", production, StringComparison.Ordinal);
        }
        Assert.Contains("name: tls-gateway-dashboards\n", production, StringComparison.Ordinal);
    }

    /// <summary>Kustomize cannot make one of the other, so the pod is written twice.</summary>
    [Fact]
    public void The_deployment_runs_the_pod_of_the_stateful_set_but_with_a_token_for_the_API()
    {
        static string Pod(params string[] path) =>
            File.ReadAllText(Repository.Path(["deploy", "k8s", .. path])) is var text
                ? string.Join(
                    '\n',
                    text[text.IndexOf("  template:", StringComparison.Ordinal)..]
                        .Split('\n')
                        .Where(static line => !line.TrimStart().StartsWith('#'))
                )
                : "";

        Assert.Equal(
            Pod("base", "stateful-set.yaml")
                .Replace("automountServiceAccountToken: false", "automountServiceAccountToken: true", StringComparison.Ordinal),
            Pod("overlays", "deployment", "deployment.yaml")
        );
    }

    [Fact]
    public async Task Pods_are_what_the_restricted_security_standard_asks_for()
    {
        foreach (var overlay in (Overlay[])[Overlay.Dev, Overlay.Production, Overlay.Deployment])
        {
            var pod = PodOf(await overlay.RenderAsync());
            var container = (YamlMappingNode)pod["containers"][0];

            Assert.Equal("true", Text(pod, "securityContext", "runAsNonRoot"));
            Assert.Equal("1654", Text(pod, "securityContext", "runAsUser"));
            Assert.Equal("RuntimeDefault", Text(pod, "securityContext", "seccompProfile", "type"));
            Assert.Equal("true", Text(container, "securityContext", "readOnlyRootFilesystem"));
            Assert.Equal("false", Text(container, "securityContext", "allowPrivilegeEscalation"));
            Assert.Equal(
                ["ALL"],
                ((YamlSequenceNode)container["securityContext"]["capabilities"]["drop"]).Children.Select(static one => one.ToString())
            );
            Assert.False(((YamlMappingNode)container["securityContext"]["capabilities"]).Children.ContainsKey("add"));
        }
    }

    /// <summary>A role that grows is looked at by somebody.</summary>
    [Fact]
    public async Task Members_may_read_pods_and_hold_one_lease_and_no_more()
    {
        var role = Documents(await Overlay.Deployment.RenderAsync()).Single(static document => Text(document, "kind") == "Role");

        Assert.Equal(
            [("pods", "", "get list watch"), ("leases", "", "create"), ("leases", "tls-gateway-members", "get update")],
            ((YamlSequenceNode)role["rules"]).Children.Select(static rule =>
                (Words(rule, "resources"), Words(rule, "resourceNames"), Words(rule, "verbs"))
            )
        );
        Assert.DoesNotContain("Role", await Overlay.Production.RenderAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_says_that_manifests_are_right()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, await Overlay.Dev.RenderAsync(), TestContext.Current.CancellationToken);
            using StringWriter output = new();
            using StringWriter error = new();

            var code = await GatewayCommands.InvokeAsync(
                ["check", "--kubernetes", file],
                output,
                error,
                TestContext.Current.CancellationToken
            );

            Assert.Equal((0, $"{file}: ok\n", ""), (code, output.ToString(), error.ToString()));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task The_command_says_what_is_wrong_and_where()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, await Overlay.Deployment.RenderAsync(), TestContext.Current.CancellationToken);
            using StringWriter output = new();
            using StringWriter error = new();

            var code = await GatewayCommands.InvokeAsync(
                [
                    "check",
                    "--kubernetes",
                    file,
                    "--external",
                    "Secret/tls-gateway-read-token",
                    "Secret/gateway-edge-tls",
                    "Secret/gateway-members-tls",
                ],
                output,
                error,
                TestContext.Current.CancellationToken
            );

            Assert.Equal((2, ""), (code, output.ToString()));
            Assert.Matches(
                $@"^{file}:\d+: Deployment gateway: spec\.template\.spec\.volumes\[3\]\.projected\.sources\[1\]\.secret\.name: names Secret tls-gateway-admin-token, which is not among the manifests",
                error.ToString()
            );
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static YamlMappingNode PodOf(string text) =>
        (YamlMappingNode)
            Documents(text).Single(static document => Text(document, "kind") is "StatefulSet" or "Deployment")["spec"]["template"]["spec"];

    private static List<YamlMappingNode> Documents(string text)
    {
        YamlStream stream = [];
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(static document => (YamlMappingNode)document.RootNode)];
    }

    private static string Text(YamlNode node, params string[] path) => path.Aggregate(node, static (inner, key) => inner[key]).ToString();

    private static string Words(YamlNode node, string key) =>
        ((YamlMappingNode)node).Children.TryGetValue(key, out var list) ? string.Join(' ', ((YamlSequenceNode)list).Children) : "";
}
