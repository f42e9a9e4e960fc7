using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using TlsGateway.Tls.Policies;
using TlsGateway.Tls.Tests.Contract;

namespace TlsGateway.Tls.Tests;

/// <summary>A client whose second hello, after a retry, names another server than its first: what was chosen for one would be served to the other.</summary>
public sealed class HelloRetryTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("www.example.test")]
    public void Bouncycastle_refuses_a_second_hello_for_another_name(string? secondName)
    {
        TlsServerSettings settings = EnginePair.ServerSettings(TlsVersion.Tls13) with
        {
            Policy = TlsPolicies.Intermediate with { Groups = ["secp384r1"] },
        };
        using ITlsContext context = TlsEngines.CreateServer(TlsEngine.BouncyCastle, settings);
        using TestPool pool = new();
        using ITlsSession server = context.CreateSession(pool);
        TwoFacedProtocol client = new(secondName);
        client.Connect(new Client());
        byte[] buffer = new byte[64 * 1024];
        TlsStatus status = TlsStatus.WantRead;
        for (int i = 0; i < 4 && status is not (TlsStatus.Done or TlsStatus.Error); i++)
        {
            int length = client.ReadOutput(buffer, 0, buffer.Length);
            buffer.AsSpan(0, length).CopyTo(server.RxFree);
            server.RxCommit(length);
            status = server.Handshake();
            byte[] answer = server.TxPending.ToArray();
            server.TxConsume(answer.Length);
            if (status != TlsStatus.Error)
            {
                client.OfferInput(answer);
            }
        }

        if (secondName is null)
        {
            Assert.Equal(TlsStatus.Done, status);
            Assert.Equal("default.test", server.DescribeSession().ServerName);
        }
        else
        {
            Assert.Equal(TlsStatus.Error, status);
            Assert.Equal(new TlsFailure(TlsFailureKind.ProtocolViolation, 47, "the second hello is not the first"), server.Failure);
        }
    }

    private static IList<ServerName> Names(string name) => [new ServerName(NameType.host_name, System.Text.Encoding.ASCII.GetBytes(name))];

    private sealed class TwoFacedProtocol(string? secondName) : TlsClientProtocol
    {
        protected override void Send13ClientHelloRetry()
        {
            if (secondName is not null)
            {
                TlsExtensionsUtilities.AddServerNameExtensionClient(m_clientExtensions, Names(secondName));
            }
            base.Send13ClientHelloRetry();
        }
    }

    private sealed class Client() : DefaultTlsClient(new BcTlsCrypto())
    {
        public override TlsAuthentication GetAuthentication() => new TrustAll();

        protected override ProtocolVersion[] GetSupportedVersions() => [ProtocolVersion.TLSv13];

        protected override IList<int> GetSupportedGroups(IList<int> namedGroupRoles) => [NamedGroup.x25519, NamedGroup.secp384r1];

        protected override IList<ServerName> GetSniServerNames() => Names("default.test");

        protected override IList<ProtocolName> GetProtocolNames() => [ProtocolName.Http_1_1];
    }

    private sealed class TrustAll : TlsAuthentication
    {
        public TlsCredentials? GetClientCredentials(CertificateRequest certificateRequest) => null;

        public void NotifyServerCertificate(TlsServerCertificate serverCertificate) { }
    }
}
