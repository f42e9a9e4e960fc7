using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>libssl's functions and constants as C declares them (openssl/ssl.h, tls1.h of 3.0; the values are ABI and the same in 3.5).</summary>
internal static unsafe partial class LibSsl
{
    public const string Library = "libssl.so.3";

    public const int SSL_ERROR_SSL = 1;
    public const int SSL_ERROR_WANT_READ = 2;
    public const int SSL_ERROR_WANT_WRITE = 3;
    public const int SSL_ERROR_WANT_X509_LOOKUP = 4;
    public const int SSL_ERROR_SYSCALL = 5;
    public const int SSL_ERROR_ZERO_RETURN = 6;
    public const int SSL_ERROR_WANT_ASYNC = 9;
    public const int SSL_ERROR_WANT_CLIENT_HELLO_CB = 11;

    public const int SSL_CTRL_MODE = 33;
    public const int SSL_CTRL_SET_SESS_CACHE_SIZE = 42;
    public const int SSL_CTRL_SET_SESS_CACHE_MODE = 44;
    public const int SSL_CTRL_SET_TLSEXT_SERVERNAME_CB = 53;
    public const int SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG = 54;
    public const int SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
    public const int SSL_CTRL_GET_RI_SUPPORT = 76;
    public const int SSL_CTRL_CHAIN_CERT = 89;

    /// <summary>SSL_get1_groups(3): without a buffer, the number of the groups that the client named.</summary>
    public const int SSL_CTRL_GET_GROUPS = 90;
    public const int SSL_CTRL_SET_GROUPS_LIST = 92;

    /// <summary>SSL_get_shared_group(3): for -1, the number of shared groups.</summary>
    public const int SSL_CTRL_GET_SHARED_GROUP = 93;
    public const int SSL_CTRL_SET_SIGALGS_LIST = 98;
    public const int SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
    public const int SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
    public const int SSL_CTRL_GET_NEGOTIATED_GROUP = 134;

    public const int SSL_MODE_ENABLE_PARTIAL_WRITE = 0x01;
    public const int SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 0x02;
    public const int SSL_MODE_AUTO_RETRY = 0x04;
    public const int SSL_MODE_RELEASE_BUFFERS = 0x10;
    public const int SSL_MODE_NO_AUTO_CHAIN = 0x8;

    public const ulong SSL_OP_ALLOW_CLIENT_RENEGOTIATION = 1UL << 8;
    public const ulong SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION = 1UL << 16;
    public const ulong SSL_OP_NO_COMPRESSION = 1UL << 17;
    public const ulong SSL_OP_PRIORITIZE_CHACHA = 1UL << 21;
    public const ulong SSL_OP_CIPHER_SERVER_PREFERENCE = 1UL << 22;

    public const int SSL_SESS_CACHE_OFF = 0;
    public const int SSL_SESS_CACHE_CLIENT = 0x0001;
    public const int SSL_SESS_CACHE_SERVER = 0x0002;
    public const int SSL_SESS_CACHE_NO_INTERNAL = 0x0300;

    public const int SSL_VERIFY_NONE = 0;
    public const int SSL_VERIFY_PEER = 1;
    public const int SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2;

    public const int SSL_CB_LOOP = 0x01;
    public const int SSL_CB_READ = 0x04;
    public const int SSL_CB_WRITE = 0x08;
    public const int SSL_CB_HANDSHAKE_START = 0x10;
    public const int SSL_CB_HANDSHAKE_DONE = 0x20;
    public const int SSL_CB_ALERT = 0x4000;

    public const int SSL_AD_UNRECOGNIZED_NAME = 112;

    public const int SSL_TLSEXT_ERR_OK = 0;
    public const int SSL_TLSEXT_ERR_ALERT_FATAL = 2;
    public const int SSL_TLSEXT_ERR_NOACK = 3;

    public const int SSL_SENT_SHUTDOWN = 1;
    public const int SSL_RECEIVED_SHUTDOWN = 2;

    public const int SSL_KEY_UPDATE_NOT_REQUESTED = 0;
    public const int SSL_KEY_UPDATE_REQUESTED = 1;

    public const int SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB = 63;
    public const int SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG = 64;
    public const int SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE = 65;
    public const int SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP = 70;
    public const int SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP = 71;
    public const int TLSEXT_STATUSTYPE_ocsp = 1;

    public const int TLSEXT_NAMETYPE_host_name = 0;

    [LibraryImport(Library)]
    public static partial nint TLS_server_method();

    [LibraryImport(Library)]
    public static partial nint TLS_client_method();

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint SSL_CTX_new_ex(nint library, string? properties, nint method);

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_get0_certificate(nint context);

    [LibraryImport(Library)]
    public static partial nint SSL_get_certificate(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_ctrl(nint context, int command, nint number, void* pointer);

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_callback_ctrl(nint context, int command, void* callback);

    [LibraryImport(Library)]
    public static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_ciphersuites(nint context, string names);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_cipher_list(nint context, string names);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_num_tickets(nint context, nuint count);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_tlsext_ticket_key_evp_cb(
        nint context,
        delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint, nint, int, int> callback
    );

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_cert_cb(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> wanted, nint argument);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_keylog_callback(nint context, delegate* unmanaged[Cdecl]<nint, byte*, void> callback);

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_set_timeout(nint context, nint seconds);

    [LibraryImport(Library)]
    public static partial int SSL_export_keying_material(
        nint ssl,
        byte* output,
        nuint outputLength,
        byte* label,
        nuint labelLength,
        byte* context,
        nuint contextLength,
        int useContext
    );

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_session_id_context(nint context, byte* id, uint length);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_use_certificate(nint context, nint certificate);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_use_PrivateKey(nint context, nint key);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_alpn_select_cb(
        nint context,
        delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int> select,
        nint arg
    );

    [LibraryImport(Library)]
    public static partial int SSL_set_alpn_protos(nint ssl, byte* protocols, uint length);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_alpn_protos(nint context, byte* protocols, uint length);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_info_callback(nint context, delegate* unmanaged[Cdecl]<nint, int, int, void> info);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_sess_set_new_cb(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> created);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_verify")]
    public static partial void SSL_CTX_set_verify_callback(nint context, int mode, delegate* unmanaged[Cdecl]<int, nint, int> callback);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_verify_depth(nint context, int depth);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_add_client_CA(nint context, nint certificate);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_post_handshake_auth(nint context, int on);

    /// <summary>A callback of 0 leaves the one of the SSL_CTX.</summary>
    [LibraryImport(Library)]
    public static partial void SSL_set_verify(nint ssl, int mode, nint callback);

    [LibraryImport(Library)]
    public static partial int SSL_verify_client_post_handshake(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_get0_peer_certificate(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_get0_verified_chain(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_get_ex_data_X509_STORE_CTX_idx();

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_get_cert_store(nint context);

    [LibraryImport(Library)]
    public static partial nint SSL_new(nint context);

    [LibraryImport(Library)]
    public static partial void SSL_free(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_set_SSL_CTX(nint ssl, nint context);

    [LibraryImport(Library)]
    public static partial void SSL_set_bio(nint ssl, nint read, nint write);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial nint SSL_get_rbio(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_set_connect_state(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_read(nint ssl, byte* destination, int length);

    [LibraryImport(Library)]
    public static partial int SSL_write(nint ssl, byte* source, int length);

    [LibraryImport(Library)]
    public static partial int SSL_shutdown(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_set_shutdown(nint ssl, int mode);

    [LibraryImport(Library)]
    public static partial int SSL_get_shutdown(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Library)]
    public static partial int SSL_pending(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_in_init(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_version(nint ssl);

    [LibraryImport(Library)]
    public static partial byte* SSL_state_string(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_ctrl(nint ssl, int command, nint number, void* pointer);

    [LibraryImport(Library)]
    public static partial int SSL_new_session_ticket(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_session_reused(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_set_session(nint ssl, nint session);

    [LibraryImport(Library)]
    public static partial nint SSL_get1_session(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_SESSION_free(nint session);

    [LibraryImport(Library)]
    public static partial int SSL_SESSION_up_ref(nint session);

    [LibraryImport(Library)]
    public static partial int SSL_SESSION_get_protocol_version(nint session);

    [LibraryImport(Library)]
    public static partial int SSL_key_update(nint ssl, int type);

    [LibraryImport(Library)]
    public static partial int SSL_renegotiate(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_free_buffers(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_renegotiate_pending(nint ssl);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_set1_host(nint ssl, string name);

    [LibraryImport(Library)]
    public static partial nint SSL_get0_param(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_get_verify_result(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_get_current_cipher(nint ssl);

    [LibraryImport(Library)]
    public static partial ushort SSL_CIPHER_get_protocol_id(nint cipher);

    [LibraryImport(Library)]
    public static partial byte* SSL_CIPHER_standard_name(nint cipher);

    [LibraryImport(Library)]
    public static partial byte* SSL_group_to_name(nint ssl, int group);

    [LibraryImport(Library)]
    public static partial void SSL_get0_alpn_selected(nint ssl, byte** protocol, uint* length);

    [LibraryImport(Library)]
    public static partial byte* SSL_get_servername(nint ssl, int type);

    [LibraryImport(Library)]
    public static partial byte* SSL_alert_desc_string_long(int alert);

    /// <summary>STACK_OF(X509), not owned; in the server role without the leaf.</summary>
    [LibraryImport(Library)]
    public static partial nint SSL_get_peer_cert_chain(nint ssl);
}
