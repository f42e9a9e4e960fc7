using TlsGateway.Gateway.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class PolicyConfigurationTests
{
    private const string Tls = "      certificates: development\n";

    /// <summary>What is added to the listener's tls section, the place of the one error or warning, and what it must say.</summary>
    public static TheoryData<string, string, string[]> Mistakes =>
        new()
        {
            { "policy: inter", "7:15", ["'inter'", "intermediate or modern"] },
            { "cipherSuites: [TLS_AES_128_GCM_SHA265]", "7:22", ["not known", "Did you mean TLS_AES_128_GCM_SHA256?"] },
            { "cipherSuites: []", "7:21", ["is empty", "no client could connect"] },
            { "cipherSuites: [TLS_AES_128_GCM_SHA256]", "7:21", ["allows TLS 1.2", "cipherSuites has no suite of it"] },
            { "groups: [x25519, secp256r2]", "7:24", ["groups[1] 'secp256r2'", "Did you mean secp256r1?"] },
            { "groups: [x25519, X25519]", "7:24", ["x25519 twice"] },
            { "signatureAlgorithms: [rsa_pkcs1_md5]", "7:29", ["not known", "ed25519"] },
            { "policy: modern\n      minimumVersion: 1.2", "8:23", ["allows TLS 1.2", "policy modern has no suite of it"] },
            { "unknownServerNames: refuse", "7:27", ["default or reject"] },
            { "minimumRsaKeyBits: 1024", "7:26", ["2048 to 16384"] },
            { "sessionLifetime: 169h", "7:24", ["1m to 168h"] },
        };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_said_with_its_place(string added, string place, string[] parts)
    {
        var problem = Assert.Single(await Loader.ProblemsAsync(With(added)));
        Assert.StartsWith($"g.yaml:{place}: ", problem, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_word_it_is_intermediate()
    {
        var tls = await LoadAsync("");
        Assert.Equal(TlsPolicies.Intermediate.CipherSuites, tls.Policy!.CipherSuites);
        Assert.Equal((TlsVersion.Tls12, TlsVersion.Tls13), (tls.MinimumVersion, tls.MaximumVersion));
        Assert.False(tls.RejectUnknownServerNames);
    }

    [Fact]
    public async Task A_policy_brings_its_versions()
    {
        var tls = await LoadAsync("policy: modern");
        Assert.Equal((TlsVersion.Tls13, TlsVersion.Tls13), (tls.MinimumVersion, tls.MaximumVersion));
    }

    [Fact]
    public async Task What_is_written_replaces_that_part_of_the_policy()
    {
        var tls = await LoadAsync(
            "cipherSuites: [tls_aes_256_gcm_sha384, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]\n      groups: [secp384r1]\n      preferServerOrder: false\n      unknownServerNames: reject\n      sessionLifetime: 30m\n      sessionCache: 0"
        );
        Assert.Equal(["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"], tls.Policy!.CipherSuites);
        Assert.Equal(["secp384r1"], tls.Policy.Groups);
        Assert.Equal(TlsPolicies.Intermediate.SignatureAlgorithms, tls.Policy.SignatureAlgorithms);
        Assert.False(tls.Policy.PreferServer);
        Assert.True(tls.RejectUnknownServerNames);
        Assert.Equal((TimeSpan.FromMinutes(30), 0), (tls.SessionLifetime, tls.SessionCacheSize));
    }

    [Fact]
    public async Task Each_listener_has_its_own_session_scope()
    {
        using TemporaryFolder folder = new();
        var yaml = Loader.Minimal.Replace(
            "upstreams:",
            "  - { name: other, bind: 127.0.0.1:8444, upstream: demo, tls: { certificates: development } }\nupstreams:",
            StringComparison.Ordinal
        );
        var listeners = (await Loader.LoadAsync(folder, yaml)).Configuration!.Listeners;
        Assert.NotEqual(listeners[0].Tls.SessionScope, listeners[1].Tls.SessionScope);
    }

    [Fact]
    public async Task A_ticket_key_file_is_checked()
    {
        var missing = Assert.Single(await Loader.ProblemsAsync("ticketKeys: { file: keys }\n" + Loader.Minimal));
        Assert.StartsWith("g.yaml:1:21: ", missing, StringComparison.Ordinal);
        Assert.Contains("which does not exist", missing, StringComparison.Ordinal);

        using TemporaryFolder folder = new();
        var keys = folder.Write("keys", Convert.ToBase64String(new byte[80]));
        File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var result = await Loader.LoadAsync(folder, "ticketKeys: { file: keys, rotateEvery: 1h }\n" + Loader.Minimal);
        Assert.Equal(keys, result.Configuration!.TicketKeys.File);
        Assert.Contains(result.Problems, p => p.ToString().Contains("chmod 600", StringComparison.Ordinal));
        Assert.Contains(result.Problems, p => p.ToString().Contains("rotateEvery has no effect", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_log_is_loud_and_the_variable_alone_turns_nothing_on()
    {
        var problem = Assert.Single(
            await Loader.ProblemsAsync("keyLogFile: ${SSLKEYLOGFILE}\n" + Loader.Minimal, ("SSLKEYLOGFILE", "/tmp/k"))
        );
        Assert.Contains("IS ON", problem, StringComparison.Ordinal);
        // The variable alone turns nothing on.
        Assert.Empty(await Loader.ProblemsAsync(Loader.Minimal, ("SSLKEYLOGFILE", "/tmp/k")));
    }

    private static async Task<TlsServerSettings> LoadAsync(string added)
    {
        using TemporaryFolder folder = new();
        var result = await Loader.LoadAsync(folder, With(added));
        Assert.Empty(result.Problems);
        return result.Configuration!.Listeners[0].Tls;
    }

    private static string With(string added) => Loader.Minimal.Replace(Tls, $"{Tls}      {added}\n", StringComparison.Ordinal);
}
