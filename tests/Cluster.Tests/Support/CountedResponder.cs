using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Cluster.Tests.Support;

/// <summary>An authority for servers with its OCSP responder in the tests' process, which counts who asks.</summary>
internal sealed class CountedResponder : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("responder-");
    private readonly ConcurrentQueue<IPAddress> _visits = new();
    private readonly AuthorityFolder _authority;
    private readonly WebApplication _server;

    private CountedResponder()
    {
        _authority = new AuthorityFolder(Path.Combine(_folder.FullName, "ca"));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static server => server.Listen(IPAddress.Any, 0));
        _server = builder.Build();
    }

    /// <summary>Who asked, so far.</summary>
    public IReadOnlyList<IPAddress> Visits => [.. _visits];

    /// <summary>Of the authority.</summary>
    public string CertificateFile => _authority.CertificateFile;

    /// <param name="validity">Of its answers.</param>
    public static async Task<CountedResponder> StartAsync(TimeSpan validity)
    {
        CountedResponder responder = new();
        try
        {
            await responder.BeginAsync(validity);
            return responder;
        }
        catch
        {
            await responder.DisposeAsync();
            throw;
        }
    }

    /// <summary>A certificate that names the responder, its key, and the authority: it signs what is stapled.</summary>
    public string IssuePem(string name)
    {
        using var authority = CertificateAuthority.Open(_authority, passphrase: null, TimeProvider.System);
        AlternativeNames names = new();
        names.AddDns(name);
        var issued = authority.Issue(
            new LeafRequest
            {
                Name = name,
                Profile = CertificateProfile.Server,
                Subject = DistinguishedName.CommonName(name),
                Names = names,
            }
        );
        return File.ReadAllText(issued.CertificateFile) + File.ReadAllText(CertificateFile) + File.ReadAllText(issued.KeyFile);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task BeginAsync(TimeSpan validity)
    {
        OcspResponder? responder = null;
        _server.Run(async context =>
        {
            _visits.Enqueue(context.Connection.RemoteIpAddress!);
            using MemoryStream question = new();
            await context.Request.Body.CopyToAsync(question, context.RequestAborted);
            context.Response.ContentType = "application/ocsp-response";
            await context.Response.Body.WriteAsync(responder!.Answer(question.ToArray()), context.RequestAborted);
        });
        await _server.StartAsync();
        RevocationPlaces places = new(CrlUrl: null, OcspUrl: $"http://{TestFleet.Outside}:{new Uri(_server.Urls.First()).Port}/");
        AuthorityBirth.MakeRoot(
            _authority,
            new AuthorityRequest { Subject = DistinguishedName.CommonName("Root"), Places = places },
            TimeProvider.System
        );
        var signer = OcspSigner.LoadOrIssue(_authority, passphrase: null, TimeProvider.System);
        responder = new OcspResponder(_authority, signer, validity, TimeProvider.System);
    }
}
