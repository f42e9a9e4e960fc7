using TlsGateway.Gateway.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class EngineCheckTests
{
    [Theory]
    [InlineData("allowClientRenegotiation: true", "8:33", "has no renegotiation")]
    [InlineData("rehandshake: { after: 1h }", "8:20", "has no renegotiation on TLS 1.2")]
    public async Task What_the_engine_lacks_is_said_with_its_place(string added, string place, string part)
    {
        var problem = Assert.Single(await Loader.ProblemsAsync(With(added)));
        Assert.StartsWith($"g.yaml:{place}: ", problem, StringComparison.Ordinal);
        Assert.Contains(part, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_in_the_handshake_are_taken_and_step_up_is_not()
    {
        using TemporaryFolder folder = new();
        folder.Write("ca.pem", TestCertificate.MakeAuthority("clients"));
        Assert.Empty((await Loader.LoadAsync(folder, With("clientCertificates: { authorities: ca.pem }"))).Problems);
        var problem = Assert.Single(
            (await Loader.LoadAsync(folder, With("clientCertificates: { authorities: ca.pem, stepUp: true }"))).Problems
        );
        Assert.Contains("stepUp cannot be used: engine bouncycastle", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tickets: 2")]
    [InlineData("sessionCache: 10")]
    [InlineData("sessionLifetime: 1h")]
    public async Task Sessions_are_resumed_by_either_engine(string added) => Assert.Empty(await Loader.ProblemsAsync(With(added)));

    [Fact]
    public async Task New_keys_on_tls_1_3_need_no_renegotiation() =>
        Assert.Empty(await Loader.ProblemsAsync(With("rehandshake: { after: 1h }\n      minimumVersion: 1.3")));

    /// <summary>Not by what OpenSSL has on this host.</summary>
    [Fact]
    public async Task Groups_are_looked_for_in_the_listeners_own_engine() =>
        Assert.Empty(await Loader.ProblemsAsync(With("groups: [X25519MLKEM768]")));

    [Fact]
    public async Task The_engine_is_taken()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(TlsEngine.BouncyCastle, (await Loader.LoadAsync(folder, With(""))).Configuration!.Listeners[0].Engine);
        Assert.Equal(TlsEngine.OpenSsl, (await Loader.LoadAsync(folder, Loader.Minimal)).Configuration!.Listeners[0].Engine);
    }

    private static string With(string added) =>
        Loader.Minimal.Replace(
            "      certificates: development\n",
            $"      certificates: development\n      engine: bouncycastle\n      {added}\n",
            StringComparison.Ordinal
        );
}
