using System.Security.Cryptography;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>Signs hashes with a key that the host holds.</summary>
internal sealed class HostSigner(ECDsa? ecdsa, RSA? rsa) : TlsSigner
{
    public byte[] GenerateRawSignature(SignatureAndHashAlgorithm algorithm, byte[] hash)
    {
        if (ecdsa is not null)
        {
            return ecdsa.SignHash(hash, DSASignatureFormat.Rfc3279DerSequence);
        }
        int scheme = SignatureScheme.From(algorithm);
        RSASignaturePadding padding = SignatureScheme.IsRsaPss(scheme) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        return rsa!.SignHash(hash, NameOf(hash.Length), padding);
    }

    public TlsStreamSigner? GetStreamSigner(SignatureAndHashAlgorithm algorithm) => null;

    private static HashAlgorithmName NameOf(int length) =>
        length switch
        {
            SHA256.HashSizeInBytes => HashAlgorithmName.SHA256,
            SHA384.HashSizeInBytes => HashAlgorithmName.SHA384,
            SHA512.HashSizeInBytes => HashAlgorithmName.SHA512,
            _ => throw new TlsFatalAlert(AlertDescription.internal_error),
        };
}
