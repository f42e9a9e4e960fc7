using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>ALPN protocols (RFC 7301) in order of preference, as text and as the wire format that OpenSSL takes.</summary>
internal sealed unsafe class ProtocolList
{
    private readonly IReadOnlyList<string> _names;

    public ProtocolList(IReadOnlyList<string> names)
    {
        _names = names;
        Wire = Encode(names);
    }

    /// <summary>Length-prefixed names, one after the other (RFC 7301 §3.1).</summary>
    public byte[] Wire { get; }

    /// <summary>The configured string for what was selected, so that equal values are the same object.</summary>
    public string NameOf(ReadOnlySpan<byte> selected)
    {
        if (selected.IsEmpty)
        {
            return "";
        }
        string text = Encoding.Latin1.GetString(selected);
        foreach (string name in _names)
        {
            if (name == text)
            {
                return name;
            }
        }
        return text;
    }

    /// <summary>SSL_CTX_set_alpn_select_cb(3): the first of ours that the client offers; RFC 7301 §3.2: none in common is a fatal no_application_protocol.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnSelect(nint ssl, byte** selected, byte* selectedLength, byte* offered, uint offeredLength, nint arg)
    {
        try
        {
            ProtocolList list = (ProtocolList)GCHandle.FromIntPtr(arg).Target!;
            ReadOnlySpan<byte> theirs = new(offered, (int)offeredLength);
            int at = Match(list.Wire, theirs);
            if (at < 0)
            {
                return LibSsl.SSL_TLSEXT_ERR_ALERT_FATAL;
            }
            *selected = offered + at + 1;
            *selectedLength = offered[at];
            return LibSsl.SSL_TLSEXT_ERR_OK;
        }
        catch (Exception)
        {
            return LibSsl.SSL_TLSEXT_ERR_ALERT_FATAL;
        }
    }

    /// <summary>Where in <paramref name="theirs"/> the entry stands that comes first in <paramref name="ours"/>, or -1. OpenSSL checked that theirs is well formed.</summary>
    private static int Match(ReadOnlySpan<byte> ours, ReadOnlySpan<byte> theirs)
    {
        for (int i = 0; i < ours.Length; i += ours[i] + 1)
        {
            ReadOnlySpan<byte> wanted = ours.Slice(i, ours[i] + 1);
            for (int j = 0; j < theirs.Length; j += theirs[j] + 1)
            {
                if (theirs[j..].StartsWith(wanted))
                {
                    return j;
                }
            }
        }
        return -1;
    }

    private static byte[] Encode(IReadOnlyList<string> names)
    {
        using MemoryStream wire = new();
        foreach (string name in names)
        {
            byte[] bytes = Encoding.Latin1.GetBytes(name);
            if (bytes.Length is 0 or > 255)
            {
                throw new TlsConfigurationException($"ALPN protocol '{name}' must have 1 to 255 characters.");
            }
            wire.WriteByte((byte)bytes.Length);
            wire.Write(bytes);
        }
        return wire.ToArray();
    }
}
