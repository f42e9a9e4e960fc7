using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using NetArchTest.Rules;
using TlsGateway.Actors;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Inspection;
using TlsGateway.Fleet;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Kubernetes;
using TlsGateway.LiveView;
using TlsGateway.Pki;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Tests.Architecture;

/// <summary>Gateway → {LiveView, Fleet} → Actors → {Tls, Transport}, Gateway → {Pki, Kubernetes}; native code and Akka's dispatcher in one place each.</summary>
public sealed class DependencyTests
{
    private static readonly Assembly Tls = typeof(ITlsSession).Assembly;
    private static readonly Assembly Transport = typeof(EventLoop).Assembly;
    private static readonly Assembly Actors = typeof(GatewayHost).Assembly;
    private static readonly Assembly Pki = typeof(PkiException).Assembly;
    private static readonly Assembly LiveView = typeof(LiveViewSetup).Assembly;
    private static readonly Assembly Fleet = typeof(FleetNode).Assembly;
    private static readonly Assembly Kubernetes = typeof(KubernetesSetup).Assembly;
    private static readonly Assembly Gateway = typeof(GatewayConfiguration).Assembly;

    [Fact]
    public void The_assemblies_are_the_eight_of_the_product() =>
        Assert.Equal(
            ["Tls", "Transport", "Actors", "Pki", "LiveView", "Fleet", "Kubernetes", "gateway"],
            new[] { Tls, Transport, Actors, Pki, LiveView, Fleet, Kubernetes, Gateway }.Select(assembly => assembly.GetName().Name)
        );

    [Fact]
    public void Tls_and_Transport_know_neither_Akka_nor_each_other_nor_what_is_above()
    {
        Assert.DoesNotContain(References(Tls), IsOursOrAkka);
        Assert.DoesNotContain(References(Transport), IsOursOrAkka);
    }

    [Fact]
    public void Pki_knows_neither_Akka_nor_hosting_nor_anything_of_ours()
    {
        var references = References(Pki);
        Assert.Contains("BouncyCastle.Cryptography", references);
        Assert.DoesNotContain(references, IsOursOrAkka);
        Assert.DoesNotContain(references, name => name.StartsWith("Microsoft.", StringComparison.Ordinal));
        Assert.DoesNotContain("Pki", References(Actors));
    }

    [Fact]
    public void Actors_know_Tls_and_Transport_and_not_the_executable()
    {
        var references = References(Actors);
        Assert.Contains("Tls", references);
        Assert.Contains("Transport", references);
        Assert.DoesNotContain("gateway", references);
        Assert.DoesNotContain(references, name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    /// <summary>Members and pods are of the control plane: the data path works without either, and neither knows of the other.</summary>
    [Fact]
    public void The_data_path_knows_neither_the_fleet_nor_Kubernetes_and_they_not_each_other()
    {
        foreach (var below in (Assembly[])[Tls, Transport, Actors, LiveView, Pki])
        {
            Assert.DoesNotContain("Fleet", References(below));
            Assert.DoesNotContain("Kubernetes", References(below));
            Assert.DoesNotContain(
                References(below),
                static name => name.StartsWith("Akka.Cluster", StringComparison.Ordinal) || name == "Akka.Remote"
            );
        }
        Assert.DoesNotContain("Kubernetes", References(Fleet));
        Assert.DoesNotContain(
            References(Kubernetes),
            static name => IsOurs(name) || name.StartsWith("Akka.Cluster", StringComparison.Ordinal)
        );
    }

    /// <summary>What a page can do to a gateway is to look.</summary>
    [Fact]
    public void The_live_view_knows_the_data_path_and_gives_no_orders()
    {
        Assert.DoesNotContain("gateway", References(LiveView));
        var ordering = Types
            .InAssembly(LiveView)
            .That()
            .HaveDependencyOnAny(typeof(ConnectionOrder).FullName!, typeof(EndpointOrder).FullName!, typeof(OrderAnswer).FullName!)
            .GetTypes();
        Assert.Empty(ordering);
    }

    [Fact]
    public void Native_functions_are_declared_in_three_namespaces_only()
    {
        var declaring = new[] { Tls, Transport, Actors, Pki, LiveView, Gateway }.SelectMany(TypesWithNativeFunctions).ToList();

        Assert.Contains(declaring, name => name.StartsWith("TlsGateway.Transport.Native.", StringComparison.Ordinal));
        Assert.Contains(declaring, name => name.StartsWith("TlsGateway.Tls.OpenSsl.", StringComparison.Ordinal));
        Assert.All(declaring, name => Assert.Matches(@"^TlsGateway\.(Transport\.Native|Tls\.OpenSsl|Tls\.Sodium)\.", name));
    }

    [Fact]
    public void Akkas_dispatcher_is_touched_in_one_folder_only()
    {
        var users = Types
            .InAssemblies([Actors, Gateway])
            .That()
            .HaveDependencyOn("Akka.Dispatch")
            .GetTypes()
            .Select(type => type.FullName!)
            .ToList();

        Assert.NotEmpty(users);
        Assert.All(users, name => Assert.StartsWith("TlsGateway.Actors.Dispatch.", name, StringComparison.Ordinal));
    }

    private static List<string> References(Assembly assembly) => [.. assembly.GetReferencedAssemblies().Select(name => name.Name!)];

    private static bool IsOursOrAkka(string name) => IsOurs(name) || name.StartsWith("Akka", StringComparison.Ordinal);

    private static bool IsOurs(string name) =>
        name is "Tls" or "Transport" or "Actors" or "Pki" or "LiveView" or "Fleet" or "Kubernetes" or "gateway";

    /// <summary>
    /// From metadata: what LibraryImport generates is a DllImport of its own, either beside the method or as a local function in it, so the declaring
    /// type is the same.
    /// </summary>
    private static List<string> TypesWithNativeFunctions(Assembly assembly)
    {
        using var stream = File.OpenRead(assembly.Location);
        using PEReader file = new(stream);
        var metadata = file.GetMetadataReader();
        return
        [
            .. metadata
                .MethodDefinitions.Select(metadata.GetMethodDefinition)
                .Where(method => method.Attributes.HasFlag(MethodAttributes.PinvokeImpl))
                .Select(method => metadata.GetTypeDefinition(method.GetDeclaringType()))
                .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}")
                .Distinct(StringComparer.Ordinal),
        ];
    }
}
