using k8s.Models;
using static TlsGateway.Kubernetes.Manifests.Shapes.FieldShape;

namespace TlsGateway.Kubernetes.Manifests.Shapes;

/// <summary>
/// Shapes of the custom resources that the manifests use: the Prometheus operator's (monitoring.coreos.com/v1) and cert-manager's (cert-manager.io/v1). They have the fields of those
/// APIs that matter here; a field that is missing here is added here.
/// </summary>
internal static class CustomResourceShapes
{
    private static readonly FieldShape SecretKey = Object(("name!", Text), ("key!", Text), ("optional", Switch));

    private static readonly FieldShape SecretOrConfigMap = Object(("secret", SecretKey), ("configMap", SecretKey));

    private static readonly FieldShape Authorization = Object(("type", Text), ("credentials", SecretKey));

    private static readonly FieldShape ScrapeTls = Object(
        ("ca", SecretOrConfigMap),
        ("cert", SecretOrConfigMap),
        ("keySecret", SecretKey),
        ("caFile", Text),
        ("certFile", Text),
        ("keyFile", Text),
        ("serverName", Text),
        ("insecureSkipVerify", Switch),
        ("minVersion", Text),
        ("maxVersion", Text)
    );

    private static readonly FieldShape Relabelings = ListOf(
        Object(
            ("sourceLabels", ListOf(Text)),
            ("separator", Text),
            ("targetLabel", Text),
            ("regex", Text),
            ("modulus", Number),
            ("replacement", Text),
            ("action", Text)
        )
    );

    private static readonly FieldShape NamespaceSelector = Object(("any", Switch), ("matchNames", ListOf(Text)));

    private static readonly (string, FieldShape)[] Endpoint =
    [
        ("port", Text),
        ("targetPort", NumberOrText),
        ("path", Text),
        ("scheme", Text),
        ("params", MapOf(ListOf(Text))),
        ("interval", Text),
        ("scrapeTimeout", Text),
        ("tlsConfig", ScrapeTls),
        ("authorization", Authorization),
        ("basicAuth", Object(("username", SecretKey), ("password", SecretKey))),
        ("honorLabels", Switch),
        ("honorTimestamps", Switch),
        ("relabelings", Relabelings),
        ("metricRelabelings", Relabelings),
        ("proxyUrl", Text),
        ("followRedirects", Switch),
        ("enableHttp2", Switch),
    ];

    private static readonly (string, FieldShape)[] Scraping =
    [
        ("jobLabel", Text),
        ("podTargetLabels", ListOf(Text)),
        ("selector!", ModelShapes.Of(typeof(V1LabelSelector))),
        ("namespaceSelector", NamespaceSelector),
        ("sampleLimit", Number),
        ("targetLimit", Number),
        ("labelLimit", Number),
        ("attachMetadata", Object(("node", Switch))),
    ];

    private static readonly FieldShape ServiceMonitor = Resource(
        Object([.. Scraping, ("targetLabels", ListOf(Text)), ("endpoints!", ListOf(Object([.. Endpoint, ("bearerTokenFile", Text)])))])
    );

    private static readonly FieldShape PodMonitor = Resource(
        Object([.. Scraping, ("podMetricsEndpoints!", ListOf(Object([.. Endpoint, ("portNumber", Number), ("filterRunning", Switch)])))])
    );

    private static readonly FieldShape PrometheusRule = Resource(
        Object(
            (
                "groups!",
                ListOf(
                    Object(
                        ("name!", Text),
                        ("interval", Text),
                        ("limit", Number),
                        ("partial_response_strategy", Text),
                        ("labels", MapOf(Text)),
                        (
                            "rules!",
                            ListOf(
                                Object(
                                    ("alert", Text),
                                    ("record", Text),
                                    ("expr!", NumberOrText),
                                    ("for", Text),
                                    ("keep_firing_for", Text),
                                    ("labels", MapOf(Text)),
                                    ("annotations", MapOf(Text))
                                )
                            )
                        )
                    )
                )
            )
        )
    );

    private static readonly FieldShape Certificate = Resource(
        Object(
            ("secretName!", Text),
            ("secretTemplate", Object(("labels", MapOf(Text)), ("annotations", MapOf(Text)))),
            ("issuerRef!", Object(("name!", Text), ("kind", Text), ("group", Text))),
            ("commonName", Text),
            ("dnsNames", ListOf(Text)),
            ("ipAddresses", ListOf(Text)),
            ("uris", ListOf(Text)),
            ("emailAddresses", ListOf(Text)),
            ("duration", Text),
            ("renewBefore", Text),
            ("renewBeforePercentage", Number),
            ("isCA", Switch),
            ("usages", ListOf(Text)),
            ("privateKey", Object(("algorithm", Text), ("size", Number), ("encoding", Text), ("rotationPolicy", Text))),
            (
                "subject",
                Object(
                    ("organizations", ListOf(Text)),
                    ("organizationalUnits", ListOf(Text)),
                    ("countries", ListOf(Text)),
                    ("localities", ListOf(Text)),
                    ("provinces", ListOf(Text)),
                    ("streetAddresses", ListOf(Text)),
                    ("postalCodes", ListOf(Text)),
                    ("serialNumber", Text)
                )
            ),
            (
                "keystores",
                Object(
                    ("pkcs12", Object(("create", Switch), ("profile", Text), ("passwordSecretRef", SecretKey))),
                    ("jks", Object(("create", Switch), ("alias", Text), ("passwordSecretRef", SecretKey)))
                )
            ),
            ("additionalOutputFormats", ListOf(Object(("type!", Text)))),
            ("encodeUsagesInRequest", Switch),
            ("revisionHistoryLimit", Number)
        )
    );

    private static readonly FieldShape Issuer = Resource(
        Object(
            ("selfSigned", Object(("crlDistributionPoints", ListOf(Text)))),
            (
                "ca",
                Object(
                    ("secretName!", Text),
                    ("crlDistributionPoints", ListOf(Text)),
                    ("ocspServers", ListOf(Text)),
                    ("issuingCertificateURLs", ListOf(Text))
                )
            ),
            // Whole APIs of their own.
            ("acme", Anything),
            ("vault", Anything),
            ("venafi", Anything)
        )
    );

    private static readonly Dictionary<(string ApiVersion, string Kind), FieldShape> Shapes = new()
    {
        [("monitoring.coreos.com/v1", "ServiceMonitor")] = ServiceMonitor,
        [("monitoring.coreos.com/v1", "PodMonitor")] = PodMonitor,
        [("monitoring.coreos.com/v1", "PrometheusRule")] = PrometheusRule,
        [("cert-manager.io/v1", "Certificate")] = Certificate,
        [("cert-manager.io/v1", "Issuer")] = Issuer,
        [("cert-manager.io/v1", "ClusterIssuer")] = Issuer,
    };

    /// <summary>Null: not known here.</summary>
    public static FieldShape? Find(string apiVersion, string kind) => Shapes.GetValueOrDefault((apiVersion, kind));

    private static FieldShape Resource(FieldShape spec) =>
        Object(
            ("apiVersion!", Text),
            ("kind!", Text),
            ("metadata!", ModelShapes.Of(typeof(V1ObjectMeta))),
            ("spec!", spec),
            ("status", Anything)
        );
}
