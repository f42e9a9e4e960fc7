using System.Net;
using Microsoft.Extensions.Time.Testing;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Gateway.Ocsp;

namespace TlsGateway.Gateway.Tests.ClientCertificates;

/// <summary>What is believed of a responder's answer.</summary>
public sealed class OcspClientTests
{
    private const string Algorithm = "SHA256withECDSA";
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Uri Responder = new("http://responder.test/");
    private static readonly Identity Issuer = new("CN=Issuer", null, isResponder: false);
    private static readonly Identity Leaf = new("CN=leaf", Issuer, isResponder: false);

    [Fact]
    public async Task Good_and_revoked_are_told_apart()
    {
        var good = await AskAsync(Answer(Issuer, CertificateStatus.Good));
        Assert.Equal((RevocationStatus.Good, Now.AddDays(1)), (good.Status, good.ValidUntil));
        var revoked = await AskAsync(Answer(Issuer, new RevokedStatus(Now.AddDays(-2).UtcDateTime, 1)));
        Assert.Equal(RevocationStatus.Revoked, revoked.Status);
        Assert.Contains("2026-05-30", revoked.Detail, StringComparison.Ordinal);
        Assert.Equal(RevocationStatus.Unknown, (await AskAsync(Answer(Issuer, new UnknownStatus()))).Status);
    }

    [Fact]
    public async Task A_responder_that_the_issuer_certified_is_believed() =>
        Assert.Equal(
            RevocationStatus.Good,
            (await AskAsync(Answer(new Identity("CN=responder", Issuer, isResponder: true), CertificateStatus.Good))).Status
        );

    [Fact]
    public async Task A_certificate_of_the_issuer_for_something_else_is_not() =>
        await AssertRefusedAsync(
            Answer(new Identity("CN=server", Issuer, isResponder: false), CertificateStatus.Good),
            "signed by neither"
        );

    [Fact]
    public async Task A_responder_of_another_issuer_is_not()
    {
        Identity others = new("CN=Issuer", null, isResponder: false);
        await AssertRefusedAsync(
            Answer(new Identity("CN=responder", others, isResponder: true), CertificateStatus.Good),
            "signed by neither"
        );
        await AssertRefusedAsync(Answer(others, CertificateStatus.Good), "signed by neither");
    }

    [Fact]
    public async Task An_answer_about_another_certificate_is_not() =>
        await AssertRefusedAsync(Answer(Issuer, CertificateStatus.Good, serial: BigInteger.Ten), "another certificate");

    [Fact]
    public async Task An_answer_of_another_time_is_not()
    {
        await AssertRefusedAsync(
            Answer(Issuer, CertificateStatus.Good, thisUpdate: Now.AddDays(-9), nextUpdate: Now.AddDays(-8)),
            "not of this time"
        );
        await AssertRefusedAsync(Answer(Issuer, CertificateStatus.Good, thisUpdate: Now.AddDays(1)), "not of this time");
    }

    [Fact]
    public async Task What_is_no_answer_is_said()
    {
        await AssertRefusedAsync([1, 2, 3], "cannot be read");
        await AssertRefusedAsync([], "cannot be read");
        await AssertRefusedAsync(new OCSPRespGenerator().Generate(OcspRespStatus.TryLater, null).GetEncoded(), "status 3");
    }

    [Fact]
    public async Task More_than_the_bound_is_not_read() =>
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(new byte[OcspClient.MaxResponseBytes + 1]));

    [Fact]
    public async Task A_certificate_without_a_responder_is_said()
    {
        using HttpClient http = new(new Canned([]));
        OcspClient client = new(http, new FakeTimeProvider(Now));
        var refused = await Assert.ThrowsAsync<OcspException>(() =>
            client.AskAsync(Leaf.Certificate, Issuer.Certificate, responder: null, TestContext.Current.CancellationToken)
        );
        Assert.Contains("names no OCSP responder", refused.Message, StringComparison.Ordinal);
    }

    private static async Task AssertRefusedAsync(byte[] answer, string part)
    {
        var refused = await Assert.ThrowsAsync<OcspException>(() => AskAsync(answer));
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    private static async Task<RevocationAnswer> AskAsync(byte[] answer)
    {
        using HttpClient http = new(new Canned(answer)) { MaxResponseContentBufferSize = OcspClient.MaxResponseBytes };
        OcspClient client = new(http, new FakeTimeProvider(Now));
        return await client.AskAsync(Leaf.Certificate, Issuer.Certificate, Responder, TestContext.Current.CancellationToken);
    }

    private static byte[] Answer(
        Identity signer,
        CertificateStatus? status,
        BigInteger? serial = null,
        DateTimeOffset? thisUpdate = null,
        DateTimeOffset? nextUpdate = null
    )
    {
        BasicOcspRespGenerator generator = new(new RespID(signer.Certificate.SubjectDN));
        generator.AddResponse(
            new CertificateID(CertificateID.DigestSha1, Issuer.Certificate, serial ?? Leaf.Certificate.SerialNumber),
            status,
            (thisUpdate ?? Now.AddHours(-1)).UtcDateTime,
            (nextUpdate ?? Now.AddDays(1)).UtcDateTime,
            null
        );
        var basic = generator.Generate(new Asn1SignatureFactory(Algorithm, signer.Keys.Private), [signer.Certificate], Now.UtcDateTime);
        return new OCSPRespGenerator().Generate(OcspRespStatus.Successful, basic).GetEncoded();
    }

    private sealed class Identity
    {
        private static int s_serial = 100;

        public Identity(string name, Identity? issuer, bool isResponder)
        {
            var generator = GeneratorUtilities.GetKeyPairGenerator("EC");
            generator.Init(new KeyGenerationParameters(new SecureRandom(), 256));
            Keys = generator.GenerateKeyPair();
            X509V3CertificateGenerator certificate = new();
            certificate.SetSerialNumber(BigInteger.ValueOf(Interlocked.Increment(ref s_serial)));
            certificate.SetSubjectDN(new X509Name(name));
            certificate.SetIssuerDN(issuer?.Certificate.SubjectDN ?? new X509Name(name));
            certificate.SetNotBefore(Now.AddYears(-1).UtcDateTime);
            certificate.SetNotAfter(Now.AddYears(1).UtcDateTime);
            certificate.SetPublicKey(Keys.Public);
            if (isResponder)
            {
                certificate.AddExtension(X509Extensions.ExtendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeID.id_kp_OCSPSigning));
            }
            Certificate = certificate.Generate(new Asn1SignatureFactory(Algorithm, (issuer?.Keys ?? Keys).Private));
        }

        public AsymmetricCipherKeyPair Keys { get; }

        public X509Certificate Certificate { get; }
    }

    /// <summary>Answers every request with these bytes.</summary>
    private sealed class Canned(byte[] answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(answer) });
    }
}
