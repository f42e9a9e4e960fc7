using TlsGateway.Deploy.Tests.Support;
using static TlsGateway.Deploy.Tests.Support.Planted;

namespace TlsGateway.Deploy.Tests;

/// <summary>What stands around the pods: autoscaler, rights, monitoring, certificates. Each fault alone in manifests that are right otherwise (<see cref="Planted"/>).</summary>
public sealed class PlantedSurroundingsTests
{
    private const string StatefulSet = "kind: StatefulSet";
    private const string Pod = "spec.template.spec";

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
}
