using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>Chooses the SSL_CTX by the client's server name (RFC 6066 §3): exact, then a wildcard for one leftmost label (RFC 6125 §6.4.3), else the default.</summary>
internal sealed unsafe class ServerNameTable
{
    /// <summary>RFC 1035 §2.3.4: a name has at most 255 octets; a longer one matches nothing.</summary>
    private const int MaxNameLength = 255;

    private readonly Dictionary<string, SslContextHandle> _exact = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Keyed by what stands behind "*.".</summary>
    private readonly Dictionary<string, SslContextHandle> _wildcards = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A name that is not in the table, or none at all, ends the handshake.</summary>
    public bool RejectsUnknown { get; set; }

    /// <summary>Adds the names of one certificate; the first certificate that has a name keeps it.</summary>
    public void Add(IEnumerable<string> names, SslContextHandle context)
    {
        foreach (string name in names)
        {
            if (name.StartsWith("*.", StringComparison.Ordinal))
            {
                _wildcards.TryAdd(name[2..], context);
            }
            else
            {
                _exact.TryAdd(name, context);
            }
        }
    }

    /// <summary>The context for <paramref name="name"/>, or null for the default. Allocates nothing.</summary>
    public SslContextHandle? Find(ReadOnlySpan<char> name)
    {
        if (_exact.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out SslContextHandle? context))
        {
            return context;
        }
        int dot = name.IndexOf('.');
        if (dot > 0 && _wildcards.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name[(dot + 1)..], out context))
        {
            return context;
        }
        return null;
    }

    /// <summary>
    /// SSL_CTX_set_tlsext_servername_callback(3), which OpenSSL calls for a client without the extension too. An unknown name is served with the default certificate, as nginx
    /// does, or refused with unrecognized_name (RFC 6066 §3).
    /// </summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnServerName(nint ssl, int* alert, nint arg)
    {
        try
        {
            byte* name = LibSsl.SSL_get_servername(ssl, LibSsl.TLSEXT_NAMETYPE_host_name);
            ServerNameTable table = (ServerNameTable)GCHandle.FromIntPtr(arg).Target!;
            if (name == null)
            {
                return table.Unknown(alert, LibSsl.SSL_TLSEXT_ERR_NOACK);
            }
            ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
            if (bytes.Length > MaxNameLength)
            {
                return table.Unknown(alert, LibSsl.SSL_TLSEXT_ERR_OK);
            }
            Span<char> text = stackalloc char[MaxNameLength];
            int length = System.Text.Encoding.Latin1.GetChars(bytes, text);
            SslContextHandle? chosen = table.Find(text[..length]);
            if (chosen is null)
            {
                return table.Unknown(alert, LibSsl.SSL_TLSEXT_ERR_OK);
            }
            LibSsl.SSL_set_SSL_CTX(ssl, chosen.Pointer);
            return LibSsl.SSL_TLSEXT_ERR_OK;
        }
        catch (Exception)
        {
            return LibSsl.SSL_TLSEXT_ERR_ALERT_FATAL;
        }
    }

    private int Unknown(int* alert, int otherwise)
    {
        if (!RejectsUnknown)
        {
            return otherwise;
        }
        *alert = LibSsl.SSL_AD_UNRECOGNIZED_NAME;
        return LibSsl.SSL_TLSEXT_ERR_ALERT_FATAL;
    }
}
