using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Pki;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Reads a chain and its key as they are written: PEM in two files or one, PKCS#12, with a passphrase or without.</summary>
internal sealed class CertificateSource(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files)
{
    /// <summary>As <see cref="Commands.Tools.PassphraseOptions"/>.</summary>
    private const int MaxPassphrase = 1024;

    /// <summary>What was read, with the places of its parts for messages. Either text is null when it could not be had, which is then among the problems.</summary>
    /// <param name="ChainPem">Leaf first.</param>
    /// <param name="KeyPem">Not encrypted.</param>
    public sealed record Found(string? ChainPem, string? KeyPem, string Name, Place Chain, Place Key)
    {
        /// <summary>A response to staple is in a file.</summary>
        public bool HasStaple { get; init; }
    }

    /// <summary>Where something stands, and how messages about it begin.</summary>
    public readonly record struct Place(SourcePosition Position, string Shown);

    /// <summary>Null when nothing was read, which is then among the problems.</summary>
    public Found? Read(string path, CertificateOptions options)
    {
        if (options.Pkcs12 is null && options.Certificate is null)
        {
            // A value that could not be read has been complained of.
            if (!options.Has(nameof(options.Pkcs12)) && !options.Has(nameof(options.Certificate)))
            {
                problems.Error(
                    options.Start,
                    $"{path} names no certificate. Write certificate and key (PEM files), or pkcs12 (one file with both)."
                );
            }
            return null;
        }
        if (options.Pkcs12 is not null && (options.Certificate ?? options.Key) is not null)
        {
            problems.Error(
                options.At(nameof(options.Pkcs12)),
                $"{path} has pkcs12 beside certificate or key: a PKCS#12 file holds both. Remove one of the two."
            );
            return null;
        }
        if (!TryReadPassphrase(path, options, out var passphrase))
        {
            return null;
        }
        var found = options.Pkcs12 is null ? ReadPem(path, options, passphrase) : ReadPkcs12(path, options, passphrase);
        return found is null ? null : found with { HasStaple = options.OcspResponse is not null };
    }

    private Found? ReadPkcs12(string path, CertificateOptions options, string? passphrase)
    {
        Place place = new(options.At(nameof(options.Pkcs12)), $"{path}.pkcs12 is '{options.Shown(nameof(options.Pkcs12))}'");
        if (files.ReadBytes(options.Pkcs12!, place.Position, place.Shown) is not { } bytes)
        {
            return null;
        }
        try
        {
            var (key, chain) = Pkcs12File.Read(bytes, passphrase);
            return new Found(CertificatePem.Write(chain), PrivateKeyPem.Write(key), options.Pkcs12!, place, place);
        }
        catch (PkiException unusable)
        {
            var remedy = passphrase is null ? "Name its passphrase (passphraseFile or passphraseEnvironment), or" : "Check both, or";
            problems.Error(
                place.Position,
                $"{place.Shown}, {unusable.Message}. {remedy} make it again: openssl pkcs12 -export -in chain.pem -inkey key.pem -out file.p12"
            );
            return null;
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private Found ReadPem(string path, CertificateOptions options, string? passphrase)
    {
        Place chain = new(options.At(nameof(options.Certificate)), $"{path}.certificate is '{options.Shown(nameof(options.Certificate))}'");
        var chainPem = files.ReadText(options.Certificate!, chain.Position, chain.Shown);
        if (options.Key is null)
        {
            // A key that could not be read has been complained of.
            var keyPem = options.Has(nameof(options.Key)) ? null : Decrypt(chainPem, chain, passphrase);
            return new Found(chainPem, keyPem, options.Certificate!, chain, chain);
        }
        Place key = new(options.At(nameof(options.Key)), $"{path}.key is '{options.Shown(nameof(options.Key))}'");
        return new Found(
            chainPem,
            Decrypt(files.ReadText(options.Key, key.Position, key.Shown), key, passphrase),
            options.Certificate!,
            chain,
            key
        );
    }

    private string? Decrypt(string? pem, Place place, string? passphrase)
    {
        if (pem is null || passphrase is null || !CertificateFiles.IsEncrypted(pem))
        {
            return pem;
        }
        try
        {
            return PrivateKeyPem.Write(PrivateKeyPem.Read(pem, passphrase, place.Shown));
        }
        catch (PkiException)
        {
            problems.Error(
                place.Position,
                $"{place.Shown}, which cannot be decrypted: the passphrase is wrong, or the file is broken. Try: openssl pkey -in file -noout"
            );
            return null;
        }
    }

    /// <summary>False when there is a problem with it.</summary>
    private bool TryReadPassphrase(string path, CertificateOptions options, out string? passphrase)
    {
        passphrase = null;
        var position = options.At(nameof(options.PassphraseFile));
        if (options.PassphraseFile is not null && options.PassphraseEnvironment is not null)
        {
            problems.Error(position, $"{path} has passphraseFile and passphraseEnvironment. Remove one of the two.");
            return false;
        }
        if (options.PassphraseFile is { } file)
        {
            var shown = $"{path}.passphraseFile is '{options.Shown(nameof(options.PassphraseFile))}'";
            passphrase = files.ReadText(file, position, shown)?.Split('\n')[0].TrimEnd('\r');
            return passphrase is not null && CheckLength(passphrase, position, $"{shown}, whose first line");
        }
        if (options.PassphraseEnvironment is { } variable)
        {
            passphrase = world.GetVariable(variable) ?? "";
            return CheckLength(
                passphrase,
                options.At(nameof(options.PassphraseEnvironment)),
                $"{path}.passphraseEnvironment is '{variable}', which"
            );
        }
        return true;
    }

    private bool CheckLength(string passphrase, SourcePosition position, string shown)
    {
        if (passphrase.Length is > 0 and <= MaxPassphrase)
        {
            return true;
        }
        problems.Error(position, $"{shown} is empty or longer than {MaxPassphrase} characters. Put the passphrase there.");
        return false;
    }
}
