using Org.BouncyCastle.Ocsp;
using TlsGateway.Gateway.Hosting;
using TlsGateway.Pki;
using TlsGateway.Pki.Files;

namespace TlsGateway.Gateway.Ocsp;

/// <summary>OCSP responses on disk, so that a restart need not wait for a responder: one file of DER for each leaf. What is read is checked as if it had just come.</summary>
internal sealed class StapleCache(ILogger log)
{
    /// <summary>Absolute; null until it is known. May change with a reload.</summary>
    public string? Folder { get; set; }

    /// <summary>Null: there is none.</summary>
    public byte[]? Read(StapledCertificate certificate)
    {
        if (Folder is null)
        {
            return null;
        }
        var file = FileOf(certificate);
        try
        {
            return new FileInfo(file) is { Exists: true, Length: <= OcspClient.MaxResponseBytes } ? File.ReadAllBytes(file) : null;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A folder that cannot be written is said, and stapling goes on without.</summary>
    public void Write(StapledCertificate certificate, byte[] response)
    {
        if (Folder is null)
        {
            return;
        }
        try
        {
            PrivateFiles.MakeFolder(Folder);
            PrivateFiles.Write(FileOf(certificate), response, PrivateFiles.Public);
        }
        catch (PkiException failed)
        {
            log.StapleNotKept(certificate.Subject, failed.Message);
        }
    }

    private string FileOf(StapledCertificate certificate) => Path.Combine(Folder!, $"{certificate.Id}.der");
}
