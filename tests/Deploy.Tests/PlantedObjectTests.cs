using TlsGateway.Deploy.Tests.Support;
using static TlsGateway.Deploy.Tests.Support.Planted;

namespace TlsGateway.Deploy.Tests;

/// <summary>Fields, selectors, references. Each fault alone in manifests that are right otherwise (<see cref="Planted"/>).</summary>
public sealed class PlantedObjectTests
{
    private const string StatefulSet = "kind: StatefulSet";
    private const string Pod = "spec.template.spec";
    private const string Container = Pod + ".containers[0]";

    [Fact]
    public async Task A_field_that_does_not_exist() =>
        Found(
            await Overlay.Production.PlantAsync("terminationGracePeriodSeconds: 350", "terminationGracePeriodsSeconds: 350"),
            "StatefulSet gateway",
            Pod + ".terminationGracePeriodsSeconds",
            "is not a known field. Did you mean terminationGracePeriodSeconds?"
        );

    [Fact]
    public async Task A_field_of_a_custom_resource_that_does_not_exist() =>
        Found(
            await Overlay.Production.PlantAsync("  dnsNames:\n  - www.example.org", "  dnsName:\n  - www.example.org"),
            "Certificate gateway-edge",
            "spec.dnsName",
            "Did you mean dnsNames?"
        );

    [Fact]
    public async Task A_kind_of_another_version() =>
        Expect(
            await Overlay.Production.PlantAsync("apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n"),
            "PodDisruptionBudget gateway",
            "kind",
            "is not known. PodDisruptionBudget is of policy/v1."
        );

    [Fact]
    public async Task Text_in_the_place_of_a_number() =>
        Expect(
            await Overlay.Dev.PlantInAsync(StatefulSet, "replicas: 1", "replicas: \"1\""),
            "StatefulSet gateway",
            "spec.replicas",
            "has to be a whole number, without quotes"
        );

    [Fact]
    public async Task A_number_in_the_place_of_text() =>
        Expect(
            await Overlay.Dev.PlantInAsync(StatefulSet, "value: /etc/gateway/gateway.yaml", "value: 1"),
            "StatefulSet gateway",
            Container + ".env[0].value",
            "is a number, and has to be text. Put it in quotes: \"1\""
        );

    [Fact]
    public async Task A_list_in_the_place_of_a_section() =>
        Expect(
            await Overlay.Dev.PlantInAsync(
                "kind: PodDisruptionBudget",
                "    matchLabels:\n      app.kubernetes.io/name: tls-gateway",
                "  - tls-gateway"
            ),
            "PodDisruptionBudget gateway",
            "spec.selector",
            "is a list"
        );

    [Fact]
    public async Task A_stateful_set_that_does_not_select_its_pods() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                StatefulSet,
                "  selector:\n    matchLabels:\n      app.kubernetes.io/name: tls-gateway",
                "  selector:\n    matchLabels:\n      app.kubernetes.io/name: gateway"
            ),
            "StatefulSet gateway",
            "spec.selector",
            "its own pods have app.kubernetes.io/name=tls-gateway"
        );

    [Fact]
    public async Task A_service_that_selects_nothing() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                "  type: LoadBalancer",
                "  selector:\n    app.kubernetes.io/name: tls-gateway",
                "  selector:\n    app: tls-gateway"
            ),
            "Service gateway",
            "spec.selector",
            "selects no pod: it is app=tls-gateway"
        );

    [Fact]
    public async Task A_budget_that_selects_nothing() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                "kind: PodDisruptionBudget",
                "      app.kubernetes.io/name: tls-gateway",
                "      app.kubernetes.io/name: gateway"
            ),
            "PodDisruptionBudget gateway",
            "spec.selector",
            "selects no pod"
        );

    [Fact]
    public async Task A_budget_that_lets_no_pod_go() =>
        Expect(
            await Overlay.Production.PlantInAsync("kind: PodDisruptionBudget", "maxUnavailable: 1", "minAvailable: 3"),
            "PodDisruptionBudget gateway",
            "spec",
            "lets no pod of StatefulSet gateway go"
        );

    [Fact]
    public async Task A_policy_that_selects_nothing() =>
        Found(
            await Overlay.Production.PlantInAsync(
                "name: gateway-public",
                "  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: tls-gateway",
                "  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: gateway"
            ),
            "NetworkPolicy gateway-public",
            "spec.podSelector",
            "selects no pod"
        );

    [Fact]
    public async Task Pods_that_are_spread_by_the_labels_of_others() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                StatefulSet,
                "      - labelSelector:\n          matchLabels:\n            app.kubernetes.io/name: tls-gateway\n        maxSkew: 1\n        topologyKey: kubernetes.io/hostname",
                "      - labelSelector:\n          matchLabels:\n            app.kubernetes.io/name: web\n        maxSkew: 1\n        topologyKey: kubernetes.io/hostname"
            ),
            "StatefulSet gateway",
            Pod + ".topologySpreadConstraints[0].labelSelector",
            "they would not be spread"
        );

    [Fact]
    public async Task A_service_to_a_port_that_no_container_has() =>
        Expect(
            await Overlay.Production.PlantInAsync("  type: LoadBalancer", "targetPort: https", "targetPort: tls"),
            "Service gateway",
            "spec.ports[0].targetPort",
            "is tls, which no container of StatefulSet gateway has. Its ports are: https 8443, admin 9901"
        );

    [Fact]
    public async Task A_traffic_policy_where_there_is_no_load_balancer() =>
        Expect(
            await Overlay.Production.PlantInAsync("  type: LoadBalancer", "type: LoadBalancer", "type: ClusterIP"),
            "Service gateway",
            "spec.externalTrafficPolicy",
            "has no meaning for a Service of type ClusterIP"
        );

    [Fact]
    public async Task A_stateful_set_whose_service_is_not_there() =>
        Expect(
            await Overlay.Production.PlantInAsync(StatefulSet, "serviceName: gateway-members", "serviceName: members"),
            "StatefulSet gateway",
            "spec.serviceName",
            "names Service members, which is not among the manifests"
        );

    [Fact]
    public async Task A_stateful_set_whose_service_is_not_headless() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                "name: gateway-members\n  namespace: tls-gateway\nspec:\n  clusterIP",
                "  clusterIP: None\n",
                ""
            ),
            "StatefulSet gateway",
            "spec.serviceName",
            "is not headless"
        );

    [Fact]
    public async Task A_config_map_that_is_not_there()
    {
        var text = await Overlay.Production.RenderAsync();
        var name = text.Split('\n').First(static line => line.Contains("name: gateway-config-", StringComparison.Ordinal)).Split(": ")[1];

        Expect(
            await Overlay.Production.PlantInAsync(StatefulSet, name, "gateway-config"),
            "StatefulSet gateway",
            Pod + ".volumes[0].configMap.name",
            $"names ConfigMap gateway-config, which is not among the manifests in namespace tls-gateway. There are: {name}"
        );
    }

    [Fact]
    public async Task A_key_that_the_config_map_does_not_have() =>
        Expect(
            await Overlay.Dev.PlantInAsync(StatefulSet, "value: /etc/gateway/gateway.yaml", "value: /etc/gateway/edge.yaml"),
            "StatefulSet gateway",
            Container + ".env[0].value",
            "has no key edge.yaml. Its keys are: gateway.yaml."
        );

    [Fact]
    public async Task A_secret_that_is_not_there() =>
        Expect(
            await Overlay.Production.PlantInAsync(StatefulSet, "secretName: gateway-edge-tls", "secretName: gateway-tls"),
            "StatefulSet gateway",
            Pod + ".volumes[1].secret.secretName",
            "names Secret gateway-tls, which is not among the manifests"
        );

    [Fact]
    public async Task A_key_that_the_secret_does_not_have() =>
        Expect(
            await Overlay.Dev.PlantInAsync(
                StatefulSet,
                "- key: token\n                path: read-token",
                "- key: password\n                path: read-token"
            ),
            [
                ("StatefulSet gateway", Pod + ".volumes[1].projected.sources[0].secret.items[0].key", "Its keys are: token."),
                (
                    "StatefulSet gateway",
                    Container + ".volumeMounts",
                    "in which there is no read-token: admin.readTokenFile of gateway.yaml"
                ),
            ]
        );

    [Fact]
    public async Task A_service_account_that_is_not_there() =>
        Expect(
            await Overlay.Production.PlantInAsync(StatefulSet, "serviceAccountName: gateway", "serviceAccountName: gateways"),
            "StatefulSet gateway",
            Pod + ".serviceAccountName",
            "names ServiceAccount gateways, which is not among the manifests in namespace tls-gateway. There are: gateway."
        );

    [Fact]
    public async Task A_mount_without_a_volume() =>
        Found(
            await Overlay.Production.PlantInAsync(
                StatefulSet,
                "mountPath: /var/lib/gateway\n          name: state",
                "mountPath: /var/lib/gateway\n          name: data"
            ),
            "StatefulSet gateway",
            Container + ".volumeMounts[4].name",
            "is data, and the pod has no such volume"
        );

    [Fact]
    public async Task A_volume_without_a_mount() =>
        Expect(
            await Overlay.Production.PlantInAsync(StatefulSet, "        - mountPath: /tmp\n          name: tmp\n", ""),
            "StatefulSet gateway",
            Pod + ".volumes[5]",
            "is volume tmp, which no container mounts"
        );

    [Fact]
    public async Task Two_objects_of_one_name()
    {
        var text = await Overlay.Dev.RenderAsync();
        var service = text.Split("\n---\n")
            .Single(static document => document.Contains("kind: PodDisruptionBudget", StringComparison.Ordinal));

        Expect(
            Overlay.Dev.Check($"{text}\n---\n{service}"),
            "PodDisruptionBudget gateway",
            "metadata.name",
            "occurs twice: first at all.yaml:"
        );
    }

    [Fact]
    public async Task Two_ports_of_one_name() =>
        Found(
            await Overlay.Production.PlantInAsync(
                StatefulSet,
                "containerPort: 4053\n          name: members",
                "containerPort: 4053\n          name: admin"
            ),
            "StatefulSet gateway",
            Container + ".ports[2].name",
            "is the second port admin"
        );
}
