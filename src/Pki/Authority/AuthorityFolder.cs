using TlsGateway.Pki.Files;

namespace TlsGateway.Pki.Authority;

/// <summary>Where an authority keeps what. The folder is 0700; keys and the index are 0600.</summary>
public sealed class AuthorityFolder(string path)
{
    /// <summary>Absolute.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>The authority's certificate: what clients trust, or of an intermediate what servers send along.</summary>
    public string CertificateFile => In("ca.pem");

    public string KeyFile => In("ca-key.pem");

    /// <summary>Of an intermediate: the certificates above it, nearest first, the root last. Absent for a root.</summary>
    public string ParentsFile => In("parents.pem");

    public string IndexFile => In("index.txt");

    /// <summary>The places that go into certificates, one <c>name: value</c> a line.</summary>
    public string PlacesFile => In("places.txt");

    /// <summary>The number of the last CRL.</summary>
    public string CrlNumberFile => In("crl-number.txt");

    public string CrlFile => In("crl.pem");

    /// <summary>A copy of each certificate by serial number.</summary>
    public string CertificatesFolder => In("certificates");

    /// <summary>What was issued, with its key where it was made here.</summary>
    public string IssuedFolder => In("issued");

    public string CopyFile(string serial) => System.IO.Path.Combine(CertificatesFolder, serial + ".pem");

    /// <summary>Keeps other runs off this folder until the result is disposed of; the system releases it when a process dies.</summary>
    /// <exception cref="PkiException">Another run has it, or the folder is absent or not writable.</exception>
    public IDisposable Lock()
    {
        try
        {
            FileStreamOptions options = new()
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = PrivateFiles.Private;
            }
            return new FileStream(In(".lock"), options);
        }
        catch (Exception failed) when (failed is DirectoryNotFoundException)
        {
            throw new PkiException($"{Path} does not exist. Make an authority there: gateway ca init --folder {Path}", failed);
        }
        catch (Exception failed) when (failed is IOException)
        {
            throw new PkiException(
                $"{Path} is in use by another gateway ca, or cannot be written ({failed.Message}). Try again when that has ended.",
                failed
            );
        }
        catch (UnauthorizedAccessException failed)
        {
            throw new PkiException($"This user may not write in {Path}. Run as its owner.", failed);
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
