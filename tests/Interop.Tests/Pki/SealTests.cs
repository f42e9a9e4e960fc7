namespace TlsGateway.Interop.Tests.Pki;

/// <summary><c>gateway seal</c> and <c>unseal</c> against <c>openssl cms</c> and <c>openssl smime</c>, both ways.</summary>
public sealed class SealTests : IAsyncLifetime
{
    /// <summary>Not a multiple of any block, with every byte value: nothing may treat it as text.</summary>
    private const int ContentBytes = 300_001;

    private readonly ToolFolder _folder = new();

    private string Content => _folder["content"];

    private string Authority => _folder["ca/ca.pem"];

    public async ValueTask InitializeAsync()
    {
        var bytes = new byte[ContentBytes];
        new Random(7).NextBytes(bytes);
        await File.WriteAllBytesAsync(Content, bytes);
        await _folder.GatewayAsync("ca", "init", "--folder", _folder["ca"]);
        foreach (var kind in new[] { "rsa-2048", "ecdsa-p256", "ecdsa-p384" })
            await IssueAsync(kind);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("rsa-2048", "smime")]
    [InlineData("rsa-2048", "der")]
    [InlineData("ecdsa-p256", "smime")]
    [InlineData("ecdsa-p256", "pem")]
    [InlineData("ecdsa-p384", "der")]
    public async Task What_is_sealed_opens_with_openssl_cms(string kind, string format)
    {
        await SealAsync(kind, "--format", format);

        await _folder.OpenSslAsync(
            "cms",
            "-decrypt",
            "-inform",
            format.ToUpperInvariant(),
            "-in",
            _folder["sealed"],
            "-recip",
            Certificate(kind),
            "-inkey",
            Key(kind),
            "-out",
            _folder["inner"]
        );
        await _folder.OpenSslAsync("cms", "-verify", "-binary", "-in", _folder["inner"], "-CAfile", Authority, "-out", _folder["opened"]);

        await AssertOpenedAsync();
    }

    [Fact]
    public async Task What_is_sealed_with_PKCS1_padding_opens_with_openssl_smime()
    {
        await SealAsync("rsa-2048", "--rsa-padding", "pkcs1");

        await _folder.OpenSslAsync(
            "smime",
            "-decrypt",
            "-in",
            _folder["sealed"],
            "-recip",
            Certificate("rsa-2048"),
            "-inkey",
            Key("rsa-2048"),
            "-out",
            _folder["inner"]
        );
        await _folder.OpenSslAsync("smime", "-verify", "-binary", "-in", _folder["inner"], "-CAfile", Authority, "-out", _folder["opened"]);

        await AssertOpenedAsync();
    }

    [Theory]
    [InlineData("rsa-2048", "smime")]
    [InlineData("rsa-2048", "pem")]
    [InlineData("rsa-2048", "der")]
    [InlineData("ecdsa-p256", "smime")]
    [InlineData("ecdsa-p384", "smime")]
    public async Task What_is_sealed_opens_here_with_the_signer_verified(string kind, string format)
    {
        await SealAsync(kind, "--format", format);

        var (code, _, error) = await UnsealAsync(kind, "--verify-ca", Authority);

        Assert.Equal((0, $"Signed by CN={kind}@x.test.\n"), (code, error));
        await AssertOpenedAsync();
        if (OperatingSystem.IsLinux())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["opened"]));
    }

    [Theory]
    [InlineData("cms", "rsa-2048", "")]
    [InlineData("cms", "rsa-2048", "-keyopt rsa_padding_mode:oaep")]
    [InlineData("cms", "ecdsa-p256", "")]
    [InlineData("cms", "ecdsa-p384", "-keyopt ecdh_kdf_md:sha384")]
    [InlineData("cms", "ecdsa-p256", "-keyid")]
    [InlineData("cms", "rsa-2048", "-keyid")]
    [InlineData("smime", "rsa-2048", "")]
    public async Task What_openssl_signed_and_encrypted_opens_here(string command, string kind, string options)
    {
        await _folder.OpenSslAsync(
            command,
            "-sign",
            "-binary",
            "-nodetach",
            "-in",
            Content,
            "-signer",
            Certificate(kind),
            "-inkey",
            Key(kind),
            "-out",
            _folder["inner"]
        );
        string[] recipient = command == "cms" ? ["-recip", Certificate(kind)] : [];
        string[] last = command == "cms" ? [] : [Certificate(kind)];
        await _folder.OpenSslAsync([
            command,
            "-encrypt",
            "-binary",
            "-aes256",
            "-in",
            _folder["inner"],
            "-out",
            _folder["sealed"],
            .. recipient,
            .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            .. last,
        ]);

        var (code, _, error) = await UnsealAsync(kind, "--verify-ca", Authority);

        Assert.Equal((0, $"Signed by CN={kind}@x.test.\n"), (code, error));
        await AssertOpenedAsync();
    }

    [Theory]
    [InlineData("cms")]
    [InlineData("smime")]
    public async Task A_multipart_signature_of_openssl_is_verified_here(string command)
    {
        await File.WriteAllTextAsync(Content, "first\r\n\r\n--not a boundary\r\nlast without an end");
        await _folder.OpenSslAsync(
            command,
            "-sign",
            "-in",
            Content,
            "-signer",
            Certificate("rsa-2048"),
            "-inkey",
            Key("rsa-2048"),
            "-out",
            _folder["inner"]
        );
        Assert.Contains("multipart/signed", await File.ReadAllTextAsync(_folder["inner"]), StringComparison.Ordinal);
        await _folder.OpenSslAsync(
            command,
            "-encrypt",
            "-aes256",
            "-in",
            _folder["inner"],
            "-out",
            _folder["sealed"],
            Certificate("rsa-2048")
        );

        var (code, _, error) = await UnsealAsync("rsa-2048", "--verify-ca", Authority);

        Assert.Equal((0, "Signed by CN=rsa-2048@x.test.\n"), (code, error));
        await AssertOpenedAsync();
    }

    [Fact]
    public async Task A_changed_multipart_content_is_refused()
    {
        await File.WriteAllTextAsync(Content, "pay 100\r\n");
        await _folder.OpenSslAsync(
            "cms",
            "-sign",
            "-in",
            Content,
            "-signer",
            Certificate("rsa-2048"),
            "-inkey",
            Key("rsa-2048"),
            "-out",
            _folder["inner"]
        );
        var changed = (await File.ReadAllTextAsync(_folder["inner"])).Replace("pay 100", "pay 900", StringComparison.Ordinal);
        await File.WriteAllTextAsync(_folder["inner"], changed);
        await _folder.OpenSslAsync(
            "cms",
            "-encrypt",
            "-aes256",
            "-in",
            _folder["inner"],
            "-out",
            _folder["sealed"],
            Certificate("rsa-2048")
        );

        await AssertRefusedAsync("rsa-2048", "");
    }

    [Fact]
    public async Task Each_of_several_recipients_opens_it_and_nobody_else()
    {
        await _folder.GatewayAsync(
            "seal",
            "--to",
            Certificate("rsa-2048"),
            "--to",
            Certificate("ecdsa-p256"),
            "--in",
            Content,
            "--out",
            _folder["sealed"]
        );

        foreach (var kind in new[] { "rsa-2048", "ecdsa-p256" })
        {
            Assert.Equal(0, (await UnsealAsync(kind)).Code);
            await AssertOpenedAsync();
            File.Delete(_folder["opened"]);
        }
        await AssertRefusedAsync("ecdsa-p384", "is not sealed for CN=ecdsa-p384@x.test");
    }

    [Fact]
    public async Task An_unsigned_file_opens_only_without_an_authority_to_verify()
    {
        await _folder.GatewayAsync("seal", "--to", Certificate("rsa-2048"), "--in", Content, "--out", _folder["sealed"]);

        await AssertRefusedAsync("rsa-2048", "is not signed", "--verify-ca", Authority);
        var (code, _, error) = await UnsealAsync("rsa-2048");
        Assert.Equal(0, code);
        Assert.StartsWith("Not signed", error, StringComparison.Ordinal);
        await AssertOpenedAsync();
    }

    [Fact]
    public async Task A_signer_of_another_authority_is_refused()
    {
        await _folder.GatewayAsync("ca", "init", "--folder", _folder["other"], "--subject", "CN=Other");
        await SealAsync("rsa-2048");

        await AssertRefusedAsync("rsa-2048", "is not trusted", "--verify-ca", _folder["other/ca.pem"]);
    }

    [Theory]
    [InlineData("rsa-2048")]
    [InlineData("ecdsa-p256")]
    public async Task A_cut_or_changed_file_leaves_no_output(string kind)
    {
        await SealAsync(kind, "--format", "der");
        var whole = await File.ReadAllBytesAsync(_folder["sealed"]);
        foreach (var length in new[] { 0, 1, 100, whole.Length / 2, whole.Length - 40 })
        {
            await File.WriteAllBytesAsync(_folder["sealed"], whole[..length]);
            await AssertRefusedAsync(kind, "");
        }
        // A bit of ciphertext: the signature is what notices.
        whole[whole.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(_folder["sealed"], whole);
        await AssertRefusedAsync(kind, "");
    }

    [Fact]
    public async Task What_is_no_sealed_file_is_told()
    {
        await File.WriteAllTextAsync(_folder["sealed"], "listeners:\n  - name: x\n");
        await AssertRefusedAsync("rsa-2048", "is not sealed");
    }

    private async Task IssueAsync(string kind) =>
        await _folder.GatewayAsync(
            "ca",
            "issue",
            "--folder",
            _folder["ca"],
            "--profile",
            "smime",
            "--key",
            kind,
            "--email",
            $"{kind}@x.test",
            "--name",
            kind,
            "--out",
            _folder.Path
        );

    private Task<string> SealAsync(string kind, params string[] more) =>
        _folder.GatewayAsync([
            "seal",
            "--to",
            Certificate(kind),
            "--sign",
            Certificate(kind),
            "--key",
            Key(kind),
            "--in",
            Content,
            "--out",
            _folder["sealed"],
            .. more,
        ]);

    private Task<(int Code, string Output, string Error)> UnsealAsync(string kind, params string[] more) =>
        _folder.TryGatewayAsync([
            "unseal",
            "--cert",
            Certificate(kind),
            "--key",
            Key(kind),
            "--in",
            _folder["sealed"],
            "--out",
            _folder["opened"],
            .. more,
        ]);

    private async Task AssertRefusedAsync(string kind, string why, params string[] more)
    {
        var before = Directory.GetFiles(_folder.Path);
        var (code, _, error) = await UnsealAsync(kind, more);

        Assert.Equal(1, code);
        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.EndsWith("\n", error, StringComparison.Ordinal);
        // Neither the output nor what was decrypted on the way.
        Assert.Equal(before, Directory.GetFiles(_folder.Path));
    }

    private async Task AssertOpenedAsync() =>
        Assert.Equal(await File.ReadAllBytesAsync(Content), await File.ReadAllBytesAsync(_folder["opened"]));

    private string Certificate(string kind) => _folder[kind + ".pem"];

    private string Key(string kind) => _folder[kind + "-key.pem"];
}
