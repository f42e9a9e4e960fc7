using System.Text.RegularExpressions;
using System.Xml.Linq;
using TlsGateway.Deploy.Tests.Support;

namespace TlsGateway.Deploy.Tests;

/// <summary>The Dockerfile and the container settings of the project make the same image, and the manifests run it.</summary>
public sealed class ImageTests
{
    private static readonly string Dockerfile = File.ReadAllText(Repository.Path("Dockerfile"));

    private static readonly XDocument Project = XDocument.Load(Repository.Path("src", "Gateway", "Gateway.csproj"));

    [Theory]
    [InlineData("ContainerBaseImage", @"^FROM (mcr\S+)$")]
    [InlineData("ContainerUser", @"^USER (\d+)$")]
    [InlineData("ContainerWorkingDirectory", @"^WORKDIR (/app)$")]
    public void A_setting_is_the_same_in_both(string property, string instruction) =>
        Assert.Equal(Last(instruction), Project.Descendants(property).Single().Value);

    [Fact]
    public void Ports_entry_point_and_path_are_the_same_in_both()
    {
        Assert.Equal(Last("^EXPOSE (.+)$").Replace(' ', ';'), Include("ContainerPort"));
        Assert.Equal(Last(@"^ENTRYPOINT \[""(.+)""\]$"), Include("ContainerAppCommand"));
        Assert.Equal(Last("^ENV PATH=(.+)$"), (string?)Project.Descendants("ContainerEnvironmentVariable").Single().Attribute("Value"));
    }

    [Fact]
    public void The_manifests_run_the_user_of_the_image() =>
        Assert.Contains(
            $"runAsUser: {Last(@"^USER (\d+)$")}\n",
            File.ReadAllText(Repository.Path("deploy", "k8s", "base", "stateful-set.yaml")),
            StringComparison.Ordinal
        );

    private static string? Include(string item) => (string?)Project.Descendants(item).Single().Attribute("Include");

    private static string Last(string instruction) =>
        Regex.Matches(Dockerfile, instruction, RegexOptions.Multiline, TimeSpan.FromSeconds(1))[^1].Groups[1].Value;
}
