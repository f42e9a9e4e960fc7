using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>libcrypto's functions as C declares them. <c>SuppressGCTransition</c> only where the call is short and never calls back.</summary>
internal static unsafe partial class LibCrypto
{
    public const string Library = "libcrypto.so.3";

    public const int OPENSSL_VERSION = 0;
    public const int BIO_TYPE_SOURCE_SINK = 0x0400;
    public const int BIO_FLAGS_READ = 0x01;
    public const int BIO_FLAGS_WRITE = 0x02;
    public const int BIO_FLAGS_SHOULD_RETRY = 0x08;

    /// <summary>READ | WRITE | IO_SPECIAL | SHOULD_RETRY: what BIO_clear_retry_flags clears.</summary>
    public const int BIO_FLAGS_RETRY_MASK = 0x0f;
    public const int BIO_CTRL_EOF = 2;
    public const int BIO_CTRL_FLUSH = 11;

    [LibraryImport(Library)]
    public static partial nint CRYPTO_malloc(nuint length, byte* file, int line);

    /// <summary>Zeroed; null where there is no memory left.</summary>
    [LibraryImport(Library)]
    public static partial void* CRYPTO_zalloc(nuint length, byte* file, int line);

    /// <summary>Overwritten first; null is no memory.</summary>
    [LibraryImport(Library)]
    public static partial void CRYPTO_clear_free(void* memory, nuint length, byte* file, int line);

    /// <summary>Random bytes that nobody else sees; 1 when there are some.</summary>
    [LibraryImport(Library)]
    public static partial int RAND_priv_bytes(byte* buffer, int length);

    [LibraryImport(Library)]
    public static partial ulong OpenSSL_version_num();

    [LibraryImport(Library)]
    public static partial byte* OpenSSL_version(int type);

    [LibraryImport(Library)]
    public static partial nint BIO_new(nint method);

    [LibraryImport(Library)]
    public static partial nint BIO_new_mem_buf(byte* data, int length);

    [LibraryImport(Library)]
    public static partial int BIO_free(nint bio);

    [LibraryImport(Library)]
    public static partial int BIO_get_new_index();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint BIO_meth_new(int type, string name);

    [LibraryImport(Library)]
    public static partial int BIO_meth_set_write(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> write);

    [LibraryImport(Library)]
    public static partial int BIO_meth_set_read(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> read);

    [LibraryImport(Library)]
    public static partial int BIO_meth_set_ctrl(nint method, delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint> ctrl);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void BIO_set_data(nint bio, void* data);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void* BIO_get_data(nint bio);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void BIO_set_flags(nint bio, int flags);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void BIO_clear_flags(nint bio, int flags);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void ERR_clear_error();

    [LibraryImport(Library)]
    public static partial ulong ERR_get_error();

    [LibraryImport(Library)]
    public static partial byte* ERR_reason_error_string(ulong error);

    [LibraryImport(Library)]
    public static partial byte* ERR_lib_error_string(ulong error);

    [LibraryImport(Library)]
    public static partial nint PEM_read_bio_X509(
        nint bio,
        nint* result,
        delegate* unmanaged[Cdecl]<byte*, int, int, nint, int> password,
        nint arg
    );

    [LibraryImport(Library)]
    public static partial nint PEM_read_bio_PrivateKey(
        nint bio,
        nint* result,
        delegate* unmanaged[Cdecl]<byte*, int, int, nint, int> password,
        nint arg
    );

    [LibraryImport(Library)]
    public static partial void X509_free(nint certificate);

    [LibraryImport(Library)]
    public static partial int X509_check_private_key(nint certificate, nint key);

    [LibraryImport(Library)]
    public static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    public static partial int X509_STORE_add_cert(nint store, nint certificate);

    public const int X509_V_ERR_UNSPECIFIED = 1;
    public const int X509_V_ERR_APPLICATION_VERIFICATION = 50;

    public const ulong X509_V_FLAG_CRL_CHECK = 0x4;
    public const ulong X509_V_FLAG_CRL_CHECK_ALL = 0x8;

    [LibraryImport(Library)]
    public static partial nint PEM_read_bio_X509_CRL(
        nint bio,
        nint* result,
        delegate* unmanaged[Cdecl]<byte*, int, int, nint, int> password,
        nint arg
    );

    [LibraryImport(Library)]
    public static partial void X509_CRL_free(nint list);

    [LibraryImport(Library)]
    public static partial int X509_STORE_add_crl(nint store, nint list);

    [LibraryImport(Library)]
    public static partial int X509_STORE_set_flags(nint store, ulong flags);

    [LibraryImport(Library)]
    public static partial nint X509_STORE_CTX_get_ex_data(nint context, int index);

    [LibraryImport(Library)]
    public static partial nint X509_STORE_CTX_get_current_cert(nint context);

    [LibraryImport(Library)]
    public static partial int X509_STORE_CTX_get_error_depth(nint context);

    [LibraryImport(Library)]
    public static partial void X509_STORE_CTX_set_error(nint context, int error);

    /// <summary>With no output, how many bytes it takes; else <paramref name="output"/> moves behind what was written.</summary>
    [LibraryImport(Library)]
    public static partial int i2d_X509(nint certificate, byte** output);

    [LibraryImport(Library)]
    public static partial int OPENSSL_sk_num(nint stack);

    [LibraryImport(Library)]
    public static partial nint OPENSSL_sk_value(nint stack, int index);

    [LibraryImport(Library)]
    public static partial byte* X509_verify_cert_error_string(nint code);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int X509_VERIFY_PARAM_set1_ip_asc(nint parameters, string address);

    public const int EVP_CTRL_AEAD_GET_TAG = 0x10;
    public const int EVP_CTRL_AEAD_SET_TAG = 0x11;

    /// <summary>SHA512_CTX of openssl/sha.h, 216 bytes and the larger of the two.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 216)]
    internal struct ShaContext
    {
        private ulong _first;
    }

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int SHA256_Init(ShaContext* context);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int SHA256_Update(ShaContext* context, byte* data, nuint length);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int SHA256_Final(byte* digest, ShaContext* context);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int SHA384_Init(ShaContext* context);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int SHA384_Update(ShaContext* context, byte* data, nuint length);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int SHA384_Final(byte* digest, ShaContext* context);

    [LibraryImport(Library)]
    public static partial int EVP_MAC_CTX_set_params(nint context, OsslParameter* parameters);

    [LibraryImport(Library)]
    public static partial int EVP_default_properties_is_fips_enabled(nint library);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OSSL_PROVIDER_add_builtin(
        nint library,
        string name,
        delegate* unmanaged[Cdecl]<nint, ProviderAbi.Dispatch*, ProviderAbi.Dispatch**, void**, int> load
    );

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint OSSL_PROVIDER_try_load(nint library, string name, int retainFallbacks);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_CIPHER_fetch(nint library, string algorithm, string? properties);

    [LibraryImport(Library)]
    public static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(Library)]
    public static partial void EVP_CIPHER_CTX_free(nint context);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int EVP_CIPHER_CTX_ctrl(nint context, int command, int number, void* pointer);

    [LibraryImport(Library)]
    public static partial int EVP_CipherInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypt);

    /// <summary>The same function, for a new nonce under the key at hand: short.</summary>
    [LibraryImport(Library, EntryPoint = "EVP_CipherInit_ex"), SuppressGCTransition]
    public static partial int EVP_CipherInit_nonce(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypt);

    [LibraryImport(Library)]
    public static partial int EVP_CipherUpdate(nint context, byte* output, int* written, byte* input, int length);

    /// <summary>The same function, for a few bytes: additional data, the content type.</summary>
    [LibraryImport(Library, EntryPoint = "EVP_CipherUpdate"), SuppressGCTransition]
    public static partial int EVP_CipherUpdate_short(nint context, byte* output, int* written, byte* input, int length);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int EVP_CipherFinal_ex(nint context, byte* output, int* written);
}
