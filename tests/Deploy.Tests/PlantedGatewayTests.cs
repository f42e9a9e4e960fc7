using TlsGateway.Deploy.Tests.Support;
using static TlsGateway.Deploy.Tests.Support.Planted;

namespace TlsGateway.Deploy.Tests;

/// <summary>What the gateway in the pod needs: probes, times, ports, files, members. Each fault alone in manifests that are right otherwise (<see cref="Planted"/>).</summary>
public sealed class PlantedGatewayTests
{
    private const string StatefulSet = "kind: StatefulSet";
    private const string Pod = "spec.template.spec";
    private const string Container = Pod + ".containers[0]";

    [Fact]
    public async Task A_probe_of_a_path_that_is_not_served() =>
        Expect(
            await Overlay.Production.PlantInAsync(StatefulSet, "path: /readyz", "path: /health"),
            "StatefulSet gateway",
            Container + ".readinessProbe.httpGet.path",
            "is /health, which the gateway does not answer a probe at. Ask for /readyz, /ready"
        );

    [Fact]
    public async Task A_probe_that_would_kill_a_gateway_that_drains() =>
        Expect(
            await Overlay.Production.PlantAsync(
                "            path: /livez\n            port: admin\n          periodSeconds: 10",
                "            path: /readyz\n            port: admin\n          periodSeconds: 10"
            ),
            "StatefulSet gateway",
            Container + ".livenessProbe.httpGet.path",
            "it would be killed then"
        );

    [Fact]
    public async Task A_probe_that_does_not_notice_draining() =>
        Expect(
            await Overlay.Production.PlantInAsync(StatefulSet, "path: /readyz", "path: /livez"),
            "StatefulSet gateway",
            Container + ".readinessProbe.httpGet.path",
            "it would go on getting connections"
        );

    [Fact]
    public async Task A_probe_of_the_port_of_clients() =>
        Expect(
            await Overlay.Production.PlantAsync(
                "            path: /readyz\n            port: admin",
                "            path: /readyz\n            port: https"
            ),
            "StatefulSet gateway",
            Container + ".readinessProbe.httpGet.port",
            "leads to port 8443, and health is answered at 9901"
        );

    [Fact]
    public async Task A_probe_of_a_port_that_is_not_there() =>
        Expect(
            await Overlay.Production.PlantAsync(
                "            path: /readyz\n            port: admin",
                "            path: /readyz\n            port: http"
            ),
            "StatefulSet gateway",
            Container + ".readinessProbe.httpGet.port",
            "is http, which the container does not have"
        );

    [Fact]
    public async Task An_admin_endpoint_that_probes_do_not_reach()
    {
        var problems = await Overlay.Dev.PlantAsync("bind: \":9901\"", "bind: \"127.0.0.1:9901\"");

        Assert.Contains(
            problems,
            problem =>
                problem.Path.EndsWith("readinessProbe.httpGet.port", StringComparison.Ordinal)
                && problem.Message.Contains("is loopback", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_grace_period_that_is_shorter_than_the_drain() =>
        Expect(
            await Overlay.Production.PlantAsync("terminationGracePeriodSeconds: 350", "terminationGracePeriodSeconds: 300"),
            "StatefulSet gateway",
            Pod + ".terminationGracePeriodSeconds",
            "needs 350: preStop 5, drain.grace 15, drain.timeout 300, timeouts.shutdown 5, and 25 to leave the cluster and to end"
        );

    [Fact]
    public async Task A_drain_that_is_longer_than_the_grace_period() =>
        Expect(
            await Overlay.Production.PlantAsync("timeout: 300s", "timeout: 10m"),
            "StatefulSet gateway",
            Pod + ".terminationGracePeriodSeconds",
            "is 350, and gateway.yaml of ConfigMap gateway-config-"
        );

    [Fact]
    public async Task A_listener_on_a_port_that_the_container_does_not_have()
    {
        var problems = await Overlay.Production.PlantAsync("bind: \":8443\"", "bind: \":9443\"");

        Found(problems, "StatefulSet gateway", Container + ".ports", "has no 9443, which gateway.yaml of ConfigMap gateway-config-");
        Found(problems, "StatefulSet gateway", Container + ".ports[0]", "does not listen there");
        Found(problems, "NetworkPolicy gateway-admin", "spec.ingress", "leave port 9443 closed");
    }

    [Fact]
    public async Task A_member_port_that_no_policy_opens() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                "kind: NetworkPolicy\nmetadata:\n  labels:\n    app.kubernetes.io/name: tls-gateway\n  name: gateway-members",
                "    - port: members\n      protocol: TCP",
                "    - port: https\n      protocol: TCP"
            ),
            "NetworkPolicy gateway-admin",
            "spec.ingress",
            "leave port 4053 closed to the members themselves"
        );

    [Fact]
    public async Task A_policy_that_opens_the_admin_port_to_everybody() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                "name: gateway-public",
                "  - ports:\n    - port: https\n      protocol: TCP",
                "  - ports:\n    - port: https\n      protocol: TCP\n    - port: admin\n      protocol: TCP"
            ),
            "NetworkPolicy gateway-public",
            "spec.ingress[0]",
            "opens port 9901 to everybody, and it is the admin endpoint"
        );

    [Fact]
    public async Task A_policy_for_the_port_of_the_service() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                "name: gateway-public",
                "  - ports:\n    - port: https\n",
                "  - ports:\n    - port: https\n    - port: 443\n"
            ),
            "NetworkPolicy gateway-public",
            "spec.ingress[0].ports[1].port",
            "A policy is about the pod's ports, not the Service's."
        );

    [Fact]
    public async Task A_port_that_needs_a_capability()
    {
        var text = await Overlay.Dev.RenderAsync();
        var low = text.Replace("\":8443\"", "\":443\"", StringComparison.Ordinal)
            .Replace("containerPort: 8443", "containerPort: 443", StringComparison.Ordinal);

        Expect(
            Overlay.Dev.Check(low),
            "StatefulSet gateway",
            Container + ".securityContext.capabilities",
            "lacks NET_BIND_SERVICE, which port 443 needs"
        );
        var allowed = low.Replace(
            "          capabilities:\n",
            "          capabilities:\n            add:\n            - NET_BIND_SERVICE\n",
            StringComparison.Ordinal
        );
        Assert.Empty(Overlay.Dev.Check(allowed));
    }

    [Fact]
    public async Task A_certificate_file_that_is_in_no_volume() =>
        Expect(
            await Overlay.Production.PlantAsync("certificate: /run/secrets/gateway/edge/tls.crt", "certificate: /run/secrets/edge/tls.crt"),
            "StatefulSet gateway",
            Container + ".volumeMounts",
            "has nothing at /run/secrets/edge/tls.crt, which listeners[0].tls.certificates[0].certificate of gateway.yaml"
        );

    [Fact]
    public async Task A_certificate_file_that_the_secret_does_not_have() =>
        Expect(
            await Overlay.Production.PlantAsync(
                "certificate: /run/secrets/gateway/edge/tls.crt",
                "certificate: /run/secrets/gateway/edge/fullchain.pem"
            ),
            "StatefulSet gateway",
            Container + ".volumeMounts",
            "has volume edge at /run/secrets/gateway/edge, in which there is no fullchain.pem"
        );

    [Fact]
    public async Task A_state_folder_that_cannot_be_written() =>
        Expect(
            await Overlay.Production.PlantAsync("stateFolder: /var/lib/gateway", "stateFolder: /var/lib/state"),
            "StatefulSet gateway",
            Container + ".volumeMounts",
            "the root file system is read-only: stateFolder of gateway.yaml"
        );

    [Fact]
    public async Task A_variable_that_the_container_does_not_have() =>
        Expect(
            await Overlay.Production.PlantInAsync(StatefulSet, "name: POD_NAMESPACE", "name: NAMESPACE"),
            "ConfigMap gateway-config-",
            "data[gateway.yaml]",
            "needs the environment variable POD_NAMESPACE"
        );

    [Fact]
    public async Task A_key_that_the_configuration_does_not_have() =>
        Expect(
            await Overlay.Dev.PlantAsync("eventLoops: 1", "eventLoop: 1"),
            "ConfigMap gateway-config-",
            "data[gateway.yaml]",
            "line 2: eventLoop is not a known key. Did you mean eventLoops?"
        );

    [Fact]
    public async Task A_seed_that_is_no_pod() =>
        Expect(
            await Overlay.Production.PlantAsync("\"gateway-2.gateway-members.", "\"gateway-2.members."),
            "StatefulSet gateway",
            "spec.serviceName",
            "is gateway-members, and cluster.seeds[2] of gateway.yaml"
        );

    [Fact]
    public async Task A_seed_that_may_not_be_there()
    {
        var problems = await Overlay.Production.PlantAsync("minReplicas: 3", "minReplicas: 2");

        Found(problems, "StatefulSet gateway", "spec.replicas", "is 2 at least, and cluster.seeds[2]");
    }

    [Fact]
    public async Task Members_without_names_before_they_are_ready()
    {
        var problems = await Overlay.Production.PlantInAsync(
            "name: gateway-members\n  namespace: tls-gateway\nspec:\n  clusterIP",
            "  publishNotReadyAddresses: true\n",
            ""
        );

        Found(problems, "Service gateway-members", "spec.publishNotReadyAddresses", "a member has no name until it is ready");
    }
}
