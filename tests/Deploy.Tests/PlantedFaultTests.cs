using TlsGateway.Deploy.Tests.Support;
using TlsGateway.Kubernetes.Manifests;

namespace TlsGateway.Deploy.Tests;

/// <summary>Each fault alone in manifests that are right otherwise: it is found, at its place, with what to do; and nothing else is (<see cref="Expect(IReadOnlyList{ManifestProblem}, string, string, string)"/>), unless something follows from it.</summary>
public sealed class PlantedFaultTests
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

    [Fact]
    public async Task An_autoscaler_of_something_else() =>
        Found(
            await Overlay.Production.PlantInAsync(
                "kind: HorizontalPodAutoscaler",
                "kind: StatefulSet\n    name: gateway",
                "kind: Deployment\n    name: gateway"
            ),
            "HorizontalPodAutoscaler gateway",
            "spec.scaleTargetRef",
            "names Deployment gateway, which is not among the manifests"
        );

    [Fact]
    public async Task An_autoscaler_of_what_has_a_number_of_its_own() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                StatefulSet,
                "  serviceName: gateway-members",
                "  replicas: 3\n  serviceName: gateway-members"
            ),
            "StatefulSet gateway",
            "spec.replicas",
            "each apply would undo what it did"
        );

    [Fact]
    public async Task An_autoscaler_by_what_is_not_requested() =>
        Expect(
            await Overlay.Production.PlantInAsync(StatefulSet, "            cpu: \"2\"\n", ""),
            "HorizontalPodAutoscaler gateway",
            "spec.metrics[1].resource",
            "requests no cpu"
        );

    [Fact]
    public async Task A_binding_to_somebody_who_is_not_there() =>
        Expect(
            await Overlay.Deployment.PlantInAsync(
                "kind: RoleBinding",
                "- kind: ServiceAccount\n  name: gateway",
                "- kind: ServiceAccount\n  name: gateways"
            ),
            [
                ("RoleBinding gateway", "subjects[0].name", "names ServiceAccount gateways, which is not among the manifests"),
                ("Deployment gateway", Pod + ".serviceAccountName", "which may not get pods"),
            ]
        );

    [Fact]
    public async Task A_binding_of_a_role_that_is_not_there() =>
        Expect(
            await Overlay.Deployment.PlantInAsync("kind: RoleBinding", "kind: Role\n  name: gateway", "kind: Role\n  name: members"),
            [
                ("RoleBinding gateway", "roleRef.name", "names Role members, which is not among the manifests"),
                ("Deployment gateway", Pod + ".serviceAccountName", "which may not watch pods"),
            ]
        );

    [Fact]
    public async Task A_role_that_lacks_what_discovery_needs() =>
        Expect(
            await Overlay.Deployment.PlantInAsync("kind: Role\n", "  - get\n  - update", "  - get"),
            "Deployment gateway",
            Pod + ".serviceAccountName",
            "is gateway, which may not update leases tls-gateway-members in namespace tls-gateway"
        );

    [Fact]
    public async Task A_role_without_the_lease_that_decides_a_split() =>
        Expect(
            await Overlay.Deployment.PlantAsync("      kubernetes: {", "      splitBrain: lease-majority\n      kubernetes: {"),
            "Deployment gateway",
            Pod + ".serviceAccountName",
            "is gateway, which may not get leases tls-gateway-members-split"
        );

    [Fact]
    public async Task Discovery_without_a_token() =>
        Expect(
            await Overlay.Deployment.PlantInAsync(
                "kind: Deployment",
                "automountServiceAccountToken: true",
                "automountServiceAccountToken: false"
            ),
            "Deployment gateway",
            Pod + ".automountServiceAccountToken",
            "asks the Kubernetes API, which wants a token"
        );

    [Fact]
    public async Task Discovery_by_labels_that_members_do_not_have() =>
        Expect(
            await Overlay.Deployment.PlantAsync("labels: \"app.kubernetes.io/name=tls-gateway\"", "labels: \"app=tls-gateway\""),
            "Deployment gateway",
            "spec.template.metadata.labels",
            "members would not find each other"
        );

    [Fact]
    public async Task Monitoring_of_a_port_that_the_service_does_not_have() =>
        Expect(
            await Overlay.Production.PlantInAsync("kind: ServiceMonitor", "port: admin", "port: metrics"),
            "ServiceMonitor tls-gateway",
            "spec.endpoints[0].port",
            "is metrics, which none of the Services has: admin"
        );

    [Fact]
    public async Task Monitoring_of_nothing() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                "kind: ServiceMonitor",
                "app.kubernetes.io/component: admin",
                "app.kubernetes.io/component: metrics"
            ),
            "ServiceMonitor tls-gateway",
            "spec.selector",
            "selects no Service"
        );

    [Fact]
    public async Task A_rule_that_is_neither_an_alert_nor_a_record()
    {
        var problems = await Overlay.Production.PlantAsync("    - alert: GatewayMemberMissing\n      annotations:", "    - annotations:");

        Expect(problems, "PrometheusRule tls-gateway", problems[0].Path, "needs one of alert and record");
        Assert.Matches(@"^spec\.groups\[1\]\.rules\[\d+\]$", problems[0].Path);
    }

    [Fact]
    public async Task A_certificate_without_an_issuer() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                "dnsNames:\n  - www.example.org",
                "    kind: Issuer\n    name: gateway-edge",
                "    kind: ClusterIssuer\n    name: letsencrypt"
            ),
            "Certificate gateway-edge",
            "spec.issuerRef.name",
            "--external ClusterIssuer/letsencrypt"
        );

    [Fact]
    public async Task Two_certificates_in_one_secret() =>
        Expect(
            await Overlay.Production.PlantInAsync(
                "name: gateway-members-ca\n  namespace",
                "secretName: gateway-members-ca",
                "secretName: gateway-edge-ca"
            ),
            [
                ("Certificate gateway-members-ca", "spec.secretName", "they would overwrite each other"),
                ("Issuer gateway-members", "spec.ca.secretName", "names Secret gateway-members-ca, which is not among the manifests"),
            ]
        );

    [Fact]
    public async Task A_certificate_that_is_renewed_without_end() =>
        Expect(
            await Overlay.Production.PlantInAsync("dnsNames:\n  - www.example.org", "renewBefore: 720h", "renewBefore: 2160h"),
            "Certificate gateway-edge",
            "spec.renewBefore",
            "it would be renewed without end"
        );

    private static void Expect(IReadOnlyList<ManifestProblem> problems, string document, string path, string message) =>
        Expect(problems, [(document, path, message)]);

    /// <summary>These and no others, at lines that are in the file.</summary>
    private static void Expect(IReadOnlyList<ManifestProblem> problems, (string Document, string Path, string Message)[] expected)
    {
        foreach (var (document, path, message) in expected)
        {
            Found(problems, document, path, message);
        }
        Assert.All(
            problems,
            problem =>
                Assert.Contains(
                    expected,
                    one => problem.Document.StartsWith(one.Document, StringComparison.Ordinal) && problem.Path == one.Path
                )
        );
    }

    private static void Found(IReadOnlyList<ManifestProblem> problems, string document, string path, string message) =>
        Assert.True(
            problems.Any(problem =>
                problem.Document.StartsWith(document, StringComparison.Ordinal)
                && problem.Path == path
                && problem.Message.Contains(message, StringComparison.Ordinal)
                && problem.Line > 1
            ),
            $"expected: {document}: {path}: … {message} …\nfound:\n{string.Join('\n', problems)}"
        );
}
