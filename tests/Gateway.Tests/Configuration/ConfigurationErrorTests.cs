using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

/// <summary>What an operator reads for each mistake: its place, what is wrong, what to do.</summary>
public sealed class ConfigurationErrorTests
{
    /// <summary>A piece of the minimal configuration, what stands there instead, the place of the one error, and what its message must say.</summary>
    public static TheoryData<string, string, string, string[]> Mistakes =>
        new()
        {
            // Keys.
            { "    bind:", "    binds:", "3:5", ["listeners[0].binds is not a known key", "Did you mean bind?"] },
            { "upstreams:\n", "upstreams:\n  demo: { address: embedded-demo }\n", "9:3", ["demo occurs twice", "line 8"] },
            { "    tls:\n", "    idle: 5s\n    tls:\n", "5:5", ["idle is not a known key", "belongs under timeouts"] },
            { "    tls:\n", "    zzzzzzzz: 1\n    tls:\n", "5:5", ["Known here: name, bind, upstream"] },
            { "    upstream: demo\n", "", "2:5", ["listeners[0] says nowhere whereto", "Write upstream: NAME"] },
            { "listeners:\n", "drain:\n  timeout:\nlisteners:\n", "2:11", ["drain.timeout has no value", "500ms"] },
            // Types.
            { "listeners:\n", "drain:\n  timeout: [1]\nlisteners:\n", "2:12", ["drain.timeout must be a single value", "is a list"] },
            { "listeners:\n", "admin: yes\nlisteners:\n", "1:8", ["admin must be a section", "bind"] },
            {
                "    tls:\n",
                "    limits: { connections: many }\n    tls:\n",
                "5:28",
                ["connections is 'many'", "not a whole number", "from 1 to 10000000"]
            },
            { "    tls:\n", "    limits: { connections: \"5\" }\n    tls:\n", "5:28", ["text in quotes", "without quotes"] },
            {
                "certificates: development",
                "certificates: development\n      allowClientRenegotiation: yes",
                "7:33",
                ["neither true nor false", "true or false"]
            },
            {
                "certificates: development",
                "certificates: development\n      applicationProtocols: h2",
                "7:29",
                ["must be a list", "'h2'"]
            },
            { "certificates: development", "certificates: developement", "6:21", ["'developement'", "Did you mean development?"] },
            { "certificates: development", "certificates: []", "6:21", ["no certificate"] },
            // Ranges and units.
            { "listeners:\n", "drain:\n  timeout: 30\nlisteners:\n", "2:12", ["has no unit", "30s is seconds"] },
            { "listeners:\n", "drain:\n  timeout: 25h\nlisteners:\n", "2:12", ["out of range", "0s to 24h"] },
            { "listeners:\n", "drain:\n  timeout: 1d\nlisteners:\n", "2:12", ["1d is 24h"] },
            { "listeners:\n", "eventLoops: 0\nlisteners:\n", "1:13", ["out of range", "auto or a whole number from 1 to 256"] },
            { "    tls:\n", "    limits: { credit: 64KB }\n    tls:\n", "5:23", ["1000 or 1024", "64KiB"] },
            { "    tls:\n", "    limits: { credit: 1GiB }\n    tls:\n", "5:23", ["out of range", "16KiB to 16MiB"] },
            { "    tls:\n", "    timeouts: { handshake: 1ms }\n    tls:\n", "5:28", ["out of range", "100ms to 10m"] },
            { "certificates: development", "certificates: development\n      tickets: 9", "7:16", ["out of range", "0 to 8"] },
            { "listeners:\n", "log: { level: informaton }\nlisteners:\n", "1:15", ["Did you mean information?"] },
            // Versions.
            { "certificates: development", "certificates: development\n      minimumVersion: 1.1", "7:23", ["'1.1'", "1.2 or 1.3"] },
            {
                "certificates: development",
                "certificates: development\n      minimumVersion: 1.3\n      maximumVersion: 1.2",
                "7:23",
                ["1.3 is above maximumVersion 1.2", "no client could connect"]
            },
            // Addresses.
            { "bind: 127.0.0.1:8443", "bind: 127.0.0.1", "3:11", ["has no port"] },
            { "bind: 127.0.0.1:8443", "bind: :99999", "3:11", ["'99999'", "0 to 65535"] },
            { "bind: 127.0.0.1:8443", "bind: '::1:8443'", "3:11", ["ambiguous", "[::1]:8443"] },
            { "bind: 127.0.0.1:8443", "bind: example.org:8443", "3:11", ["host is a name", ":8443"] },
            { "bind: 127.0.0.1:8443", "bind: 127.0.0.1:9901", "3:11", ["conflicts with admin.bind"] },
            { "address: embedded-demo", "address: http://api:80/", "8:20", ["without https:// and path", "api"] },
            { "address: embedded-demo", "address: embeded-demo", "8:20", ["Did you mean embedded-demo?"] },
            { "address: embedded-demo", "address: 'nowhere.test:80'", "8:20", ["nowhere.test cannot be looked up", "name server"] },
            { "address: embedded-demo", "address: ':80'", "8:20", ["has no host"] },
            // References.
            { "upstream: demo", "upstream: demos", "4:15", ["'demos' does not exist", "There are: demo.", "Did you mean demo?"] },
            { "name: https", "name: 'a b'", "2:11", ["does not have the right form", "letters, digits"] },
            // Environment.
            { "upstream: demo", "upstream: ${NOT_SET}", "4:15", ["NOT_SET, which is not set", "${NOT_SET:-value}"] },
            { "upstream: demo", "upstream: ${OPEN", "4:15", ["without a closing }", "$${"] },
            { "upstream: demo", "upstream: ${1X}", "4:15", ["${1X}, which is not the name"] },
            // Parts of YAML that are not taken.
            { "name: https", "name: &a https", "2:11", ["anchors are not supported (&a)"] },
            { "name: https", "name: !!str https", "2:11", ["tags are not supported"] },
            { "  demo: {", "---\n  demo: {", "8:1", ["second document"] },
            { "    bind:", "\tbind:", "3:1", ["indented with a tab", "only spaces"] },
        };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_reported_at_its_place_with_what_to_do(string text, string mistake, string position, string[] parts)
    {
        Assert.Contains(text, Loader.Minimal, StringComparison.Ordinal);
        var problems = await Loader.ProblemsAsync(ReplaceFirst(Loader.Minimal, text, mistake));

        var problem = problems.FirstOrDefault(candidate => parts.All(part => candidate.Contains(part, StringComparison.Ordinal)));
        Assert.True(problem is not null, $"no problem says all of: {string.Join(" | ", parts)}\nbut:\n{string.Join('\n', problems)}");
        Assert.StartsWith($"g.yaml:{position}: ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_mistake_is_one_error()
    {
        foreach (
            var (text, mistake) in new[]
            {
                ("upstream: demo", "upstream: nothing"),
                ("bind: 127.0.0.1:8443", "bind: 1"),
                ("certificates: development", "certificates: x"),
            }
        )
        {
            Assert.Single(await Loader.ProblemsAsync(ReplaceFirst(Loader.Minimal, text, mistake)));
        }
    }

    [Fact]
    public async Task All_errors_come_at_once_in_the_order_of_the_file()
    {
        var problems = await Loader.ProblemsAsync(
            """
            drain: { timeout: soon }
            unknown: 1
            listeners:
              - name: a
                bind: :8443
                upstream: missing
                tls:
                  certificates:
                    - { certificate: none.pem, key: none-key.pem }
                  tickets: 99
              - name: a
                bind: 127.0.0.1:8443
                upstream: api
                tls: { certificates: development, minimumVersion: 1.0 }
            upstreams:
              api: { address: nowhere.test:80, connectTimeout: 1h }

            """
        );

        Assert.Equal(
            ["1:19", "2:1", "6:15", "9:26", "9:41", "10:16", "11:11", "12:11", "14:55", "16:19", "16:52"],
            problems.Select(problem => string.Join(':', problem.Split(':')[1..3]))
        );
    }

    [Fact]
    public async Task A_value_from_the_environment_is_never_shown()
    {
        const string Secret = "hunter2";
        foreach (
            var place in new[]
            {
                "name: https",
                "bind: 127.0.0.1:8443",
                "upstream: demo",
                "certificates: development",
                "address: embedded-demo",
            }
        )
        {
            var yaml = ReplaceFirst(Loader.Minimal, place, $"{place.Split(':')[0]}: \"${{SECRET}} {{\"");
            var problems = await Loader.ProblemsAsync(yaml, ("SECRET", Secret));
            Assert.NotEmpty(problems);
            Assert.All(problems, problem => Assert.DoesNotContain(Secret, problem, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("# nothing\n", "the file is empty")]
    [InlineData("just words\n", "the file must be a section with keys")]
    [InlineData("- a\n", "the file must be a section with keys")]
    [InlineData("a: [1, 2\nb: }\n", "not valid YAML")]
    public async Task A_file_that_is_no_configuration_is_told_so(string yaml, string part)
    {
        var problem = Assert.Single(await Loader.ProblemsAsync(yaml));
        Assert.Contains(part, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_text_makes_the_loader_fail()
    {
        Random random = new(20_260_101);
        const string Signs = "{}[]:,-?&*!|>'\"%@`#\n\t ~$\u0001\u0085é";
        using TemporaryFolder folder = new();
        for (var round = 0; round < 2_000; round++)
        {
            var text = Loader.Minimal.ToCharArray().ToList();
            for (var edit = random.Next(1, 5); edit > 0; edit--)
            {
                var at = random.Next(text.Count);
                if (random.Next(2) == 0)
                {
                    text.RemoveAt(at);
                }
                else
                {
                    text.Insert(at, Signs[random.Next(Signs.Length)]);
                }
            }
            var result = await Loader.LoadAsync(folder, new string([.. text]));
            Assert.Equal(result.Configuration is null, result.Problems.Any(problem => problem.Severity == ProblemSeverity.Error));
        }
    }

    [Fact]
    public async Task Aliases_are_refused_and_nesting_is_bounded()
    {
        var aliases = await Loader.ProblemsAsync("a: &a [x]\nb: [*a, *a]\n");
        Assert.Contains(aliases, problem => problem.StartsWith("g.yaml:2:5: aliases are not supported (*a)", StringComparison.Ordinal));

        var nested = await Loader.ProblemsAsync("a: " + new string('[', 10_000));
        Assert.Contains("nested more than 16 levels", Assert.Single(nested), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_over_one_mebibyte_or_not_UTF8_or_absent_or_a_folder_is_refused()
    {
        Assert.Contains(
            "larger than 1048576 bytes",
            Assert.Single(await Loader.ProblemsAsync(new string('#', 1024 * 1024 + 1))),
            StringComparison.Ordinal
        );
        Assert.NotEmpty(await Loader.ProblemsAsync(new string('#', 1024 * 1024)));

        using TemporaryFolder folder = new();
        await File.WriteAllBytesAsync(folder.File("latin1.yaml"), [0x61, 0x3a, 0x20, 0xe9, 0x0a], TestContext.Current.CancellationToken);
        Assert.Contains("not UTF-8", await OnlyProblemAsync(folder.File("latin1.yaml")), StringComparison.Ordinal);
        Assert.Contains("does not exist", await OnlyProblemAsync(folder.File("absent.yaml")), StringComparison.Ordinal);
        Assert.Contains("this is a folder", await OnlyProblemAsync(folder.Path), StringComparison.Ordinal);

        async Task<string> OnlyProblemAsync(string file)
        {
            var result = await Gateway.Configuration.ConfigurationLoader.LoadAsync(
                file,
                Loader.World(folder.Path),
                TestContext.Current.CancellationToken
            );
            Assert.Null(result.Configuration);
            return Assert.Single(result.Problems).ToString();
        }
    }

    private static string ReplaceFirst(string text, string part, string replacement)
    {
        var at = text.IndexOf(part, StringComparison.Ordinal);
        return text[..at] + replacement + text[(at + part.Length)..];
    }
}
