using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>Puts PEM certificates and keys into an SSL_CTX; what is wrong with them is said by the operator's name for them.</summary>
internal static unsafe class CertificateLoader
{
    /// <summary>Loads the chain and key of <paramref name="certificate"/> as the identity of <paramref name="context"/>.</summary>
    /// <exception cref="TlsConfigurationException">It cannot be used, or its key is smaller than <paramref name="policy"/> allows.</exception>
    public static void LoadIdentity(SslContextHandle context, TlsCertificate certificate, TlsPolicy policy)
    {
        CheckKeySize(certificate, policy);
        nint leaf = LoadChain(context.Pointer, certificate);
        try
        {
            LoadKey(context.Pointer, leaf, certificate);
        }
        finally
        {
            LibCrypto.X509_free(leaf);
        }
    }

    /// <summary>
    /// What the leaf says of itself: its host names (subjectAltName dNSName, RFC 6125 §6.4; without the extension none, for the common name is no longer one) and the
    /// object identifier of its key's algorithm.
    /// </summary>
    public static (IReadOnlyList<string> HostNames, string KeyAlgorithm) Describe(TlsCertificate certificate)
    {
        try
        {
            using X509Certificate2 leaf = X509Certificate2.CreateFromPem(certificate.ChainPem);
            List<string> names = [];
            foreach (X509Extension extension in leaf.Extensions)
            {
                if (extension is X509SubjectAlternativeNameExtension alternatives)
                {
                    names.AddRange(alternatives.EnumerateDnsNames());
                }
            }
            return (names, leaf.GetKeyAlgorithm());
        }
        catch (CryptographicException e)
        {
            throw Unusable(certificate, $"its host names cannot be read ({e.Message})", "Make the certificate again.");
        }
    }

    /// <summary>TLS 1.3 can be spoken with its key: one of RSA, or on a curve that TLS 1.3 signs with (RFC 8446 §4.2.3) and the policy allows.</summary>
    public static bool SignsTls13(TlsCertificate certificate, TlsPolicy policy)
    {
        using X509Certificate2 leaf = X509Certificate2.CreateFromPem(certificate.ChainPem);
        using RSA? rsa = leaf.GetRSAPublicKey();
        using ECDsa? ecdsa = leaf.GetECDsaPublicKey();
        string? algorithm = ecdsa?.ExportParameters(includePrivateParameters: false).Curve.Oid?.Value switch
        {
            "1.2.840.10045.3.1.7" => "ecdsa_secp256r1_sha256",
            "1.3.132.0.34" => "ecdsa_secp384r1_sha384",
            "1.3.132.0.35" => "ecdsa_secp521r1_sha512",
            _ => null,
        };
        return rsa is not null || (algorithm is not null && policy.SignatureAlgorithms.Contains(algorithm));
    }

    private static void CheckKeySize(TlsCertificate certificate, TlsPolicy policy)
    {
        try
        {
            using X509Certificate2 leaf = X509Certificate2.CreateFromPem(certificate.ChainPem);
            using RSA? rsa = leaf.GetRSAPublicKey();
            using ECDsa? ecdsa = leaf.GetECDsaPublicKey();
            int least = rsa is not null ? policy.MinimumRsaKeyBits : policy.MinimumEcKeyBits;
            int bits = rsa?.KeySize ?? ecdsa?.KeySize ?? least;
            if (bits < least)
            {
                string kind = rsa is not null ? "RSA" : "elliptic curve";
                throw Unusable(
                    certificate,
                    $"its {kind} key is too small: {bits} bits, {least} are the least",
                    "Make a new key and certificate."
                );
            }
        }
        catch (CryptographicException)
        {
            // What is no certificate is said when it is loaded.
        }
    }

    /// <summary>Makes the certificates in <paramref name="pem"/> the trust anchors of <paramref name="context"/>.</summary>
    public static void LoadAuthorities(SslContextHandle context, string pem)
    {
        nint store = LibSsl.SSL_CTX_get_cert_store(context.Pointer);
        int count = 0;
        ReadEach(
            pem,
            bio => LibCrypto.PEM_read_bio_X509(bio, null, &NoPassword, 0),
            authority =>
            {
                // The same authority twice is fine: X509_STORE_add_cert accepts it.
                count += LibCrypto.X509_STORE_add_cert(store, authority);
                LibCrypto.X509_free(authority);
            }
        );
        if (count == 0)
        {
            throw new TlsConfigurationException(
                "The trusted authorities hold no certificate: PEM text with BEGIN CERTIFICATE is expected."
            );
        }
    }

    /// <summary>Names the authorities in <paramref name="pem"/> to clients, who choose a certificate by them (RFC 8446 §4.2.4).</summary>
    public static void NameAuthorities(SslContextHandle context, string pem) =>
        ReadEach(
            pem,
            bio => LibCrypto.PEM_read_bio_X509(bio, null, &NoPassword, 0),
            authority =>
            {
                _ = LibSsl.SSL_CTX_add_client_CA(context.Pointer, authority);
                LibCrypto.X509_free(authority);
            }
        );

    /// <summary>Makes every certificate of a client's chain be looked up in these CRLs; one whose issuer has no current CRL among them is refused.</summary>
    public static void LoadRevocationLists(SslContextHandle context, IReadOnlyList<string> pems)
    {
        nint store = LibSsl.SSL_CTX_get_cert_store(context.Pointer);
        for (int i = 0; i < pems.Count; i++)
        {
            int count = 0;
            ReadEach(
                pems[i],
                bio => LibCrypto.PEM_read_bio_X509_CRL(bio, null, &NoPassword, 0),
                list =>
                {
                    count += LibCrypto.X509_STORE_add_crl(store, list);
                    LibCrypto.X509_CRL_free(list);
                }
            );
            if (count == 0)
            {
                throw new TlsConfigurationException($"Revocation list {i + 1} holds no CRL: PEM text with BEGIN X509 CRL is expected.");
            }
        }
        _ = LibCrypto.X509_STORE_set_flags(store, LibCrypto.X509_V_FLAG_CRL_CHECK | LibCrypto.X509_V_FLAG_CRL_CHECK_ALL);
    }

    private static nint LoadChain(nint context, TlsCertificate certificate)
    {
        List<nint> chain = [];
        ReadEach(certificate.ChainPem, bio => LibCrypto.PEM_read_bio_X509(bio, null, &NoPassword, 0), chain.Add);
        if (chain.Count == 0)
        {
            throw Unusable(
                certificate,
                "it is not a PEM certificate",
                "Give PEM text that begins with -----BEGIN CERTIFICATE-----, the leaf first."
            );
        }
        try
        {
            if (LibSsl.SSL_CTX_use_certificate(context, chain[0]) != 1)
            {
                throw Unusable(
                    certificate,
                    OpenSslErrors.DrainText(),
                    "Make a certificate with an ECDSA P-256 key or an RSA key of 2048 bits or more."
                );
            }
            for (int i = 1; i < chain.Count; i++)
            {
                // 1: the SSL_CTX takes a reference of its own.
                if (LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_CHAIN_CERT, 1, (void*)chain[i]) != 1)
                {
                    throw Unusable(
                        certificate,
                        $"intermediate {i} was refused: {OpenSslErrors.DrainText()}",
                        "Ask the authority for the present chain."
                    );
                }
            }
        }
        catch
        {
            LibCrypto.X509_free(chain[0]);
            throw;
        }
        finally
        {
            for (int i = 1; i < chain.Count; i++)
            {
                LibCrypto.X509_free(chain[i]);
            }
        }
        return chain[0];
    }

    private static void LoadKey(nint context, nint leaf, TlsCertificate certificate)
    {
        // PKCS#8 has its own label for it, the older formats a header (RFC 1421 §4.6.1.1).
        if (certificate.KeyPem.Contains("ENCRYPTED", StringComparison.Ordinal))
        {
            throw Unusable(certificate, "its key is encrypted", "Decrypt it first: openssl pkey -in key.pem -out plain.pem");
        }
        nint key = 0;
        ReadEach(certificate.KeyPem, bio => LibCrypto.PEM_read_bio_PrivateKey(bio, null, &NoPassword, 0), k => key = Replace(key, k));
        if (key == 0)
        {
            throw Unusable(certificate, "its key is not a PEM private key", "Give PEM text that begins with -----BEGIN PRIVATE KEY-----.");
        }
        try
        {
            if (LibCrypto.X509_check_private_key(leaf, key) != 1)
            {
                throw Unusable(
                    certificate,
                    "its key does not match the certificate",
                    "Take the key that the certificate was requested with."
                );
            }
            if (LibSsl.SSL_CTX_use_PrivateKey(context, key) != 1)
            {
                throw Unusable(
                    certificate,
                    $"its key was refused: {OpenSslErrors.DrainText()}",
                    "Make a new ECDSA P-256 key and certificate."
                );
            }
        }
        finally
        {
            LibCrypto.EVP_PKEY_free(key);
            LibCrypto.ERR_clear_error();
        }
    }

    private static nint Replace(nint old, nint key)
    {
        LibCrypto.EVP_PKEY_free(old);
        return key;
    }

    /// <summary>Reads object after object from <paramref name="pem"/>; text that is not one ends it, as OpenSSL's own loaders do.</summary>
    private static void ReadEach(string pem, Func<nint, nint> read, Action<nint> take)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(pem);
        try
        {
            fixed (byte* data = bytes)
            {
                nint bio = bytes.Length == 0 ? 0 : LibCrypto.BIO_new_mem_buf(data, bytes.Length);
                for (nint item = bio == 0 ? 0 : read(bio); item != 0; item = read(bio))
                {
                    take(item);
                }
                _ = LibCrypto.BIO_free(bio);
            }
        }
        finally
        {
            // It may have been a key.
            CryptographicOperations.ZeroMemory(bytes);
            LibCrypto.ERR_clear_error();
        }
    }

    private static TlsConfigurationException Unusable(TlsCertificate certificate, string what, string remedy)
    {
        LibCrypto.ERR_clear_error();
        return new TlsConfigurationException($"Certificate '{certificate.Name}' cannot be used: {what}. {remedy}");
    }

    /// <summary>Never prompts on the terminal, which is OpenSSL's default: -1 is "no password".</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NoPassword(byte* buffer, int size, int forWriting, nint arg) => -1;
}
