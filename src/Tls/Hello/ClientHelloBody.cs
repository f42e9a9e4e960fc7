using System.Buffers.Binary;
using System.Text;

namespace TlsGateway.Tls.Hello;

/// <summary>Reads the body of a ClientHello message, front to back. A list's length is checked against what is there before anything of it is read.</summary>
internal ref struct ClientHelloBody(ReadOnlySpan<byte> body)
{
    private const int RandomBytes = 32;
    private const int MaxSessionIdBytes = 32;

    /// <summary>Nobody sends more; IANA has assigned some sixty types.</summary>
    private const int MaxExtensions = 256;

    /// <summary>RFC 1035 §2.3.4.</summary>
    private const int MaxNameBytes = 255;

    private ReadOnlySpan<byte> _rest = body;
    private bool _isMalformed;
    private string _serverName = "";
    private string[] _protocols = [];
    private ushort[] _versions = [];
    private ushort[] _groups = [];
    private ushort[] _shares = [];
    private ushort[] _signatures = [];
    private byte[] _pointFormats = [];
    private bool _offersResumption;
    private bool _offersEarlyData;

    public ClientHelloStatus Read(out ClientHello? hello)
    {
        hello = null;
        ushort version = U16();
        Take(RandomBytes);
        ReadOnlySpan<byte> sessionId = Vector8();
        ReadOnlySpan<byte> suites = Vector16();
        ReadOnlySpan<byte> compression = Vector8();
        // RFC 8446 §4.1.2: at least one suite and one compression method, the session ID at most 32 bytes.
        if (
            _isMalformed
            || sessionId.Length > MaxSessionIdBytes
            || suites.Length is 0
            || suites.Length % 2 != 0
            || compression.IsEmpty
            || (!_rest.IsEmpty && !HasExtensions())
        )
        {
            return ClientHelloStatus.Malformed;
        }
        List<ushort> types = [];
        ClientHelloStatus status = ReadExtensions(types);
        if (status == ClientHelloStatus.Complete)
        {
            hello = new ClientHello
            {
                LegacyVersion = version,
                CipherSuites = Numbers(suites),
                Extensions = types,
                ServerName = _serverName,
                ApplicationProtocols = _protocols,
                SupportedVersions = _versions,
                SupportedGroups = _groups,
                KeyShareGroups = _shares,
                SignatureAlgorithms = _signatures,
                PointFormats = _pointFormats,
                OffersResumption = _offersResumption,
                OffersEarlyData = _offersEarlyData,
            };
        }
        return status;
    }

    /// <summary>RFC 5246 §7.4.1.2: a hello without extensions ends here; else their list is all that is left.</summary>
    private bool HasExtensions()
    {
        ReadOnlySpan<byte> list = Vector16();
        bool isAll = !_isMalformed && _rest.IsEmpty;
        _rest = list;
        return isAll;
    }

    private ClientHelloStatus ReadExtensions(List<ushort> types)
    {
        while (!_rest.IsEmpty)
        {
            ushort type = U16();
            ReadOnlySpan<byte> content = Vector16();
            if (_isMalformed || types.Count == MaxExtensions)
            {
                return ClientHelloStatus.Malformed;
            }
            if (types.Contains(type))
            {
                return ClientHelloStatus.DuplicateExtension;
            }
            types.Add(type);
            ReadOnlySpan<byte> after = _rest;
            _rest = content;
            ReadExtension(type);
            _rest = after;
        }
        return _isMalformed ? ClientHelloStatus.Malformed : ClientHelloStatus.Complete;
    }

    /// <summary>Reads one extension, all of which is what is left; those not known are passed over.</summary>
    private void ReadExtension(ushort type)
    {
        switch (type)
        {
            case ExtensionType.ServerName:
                _serverName = ServerName();
                break;
            case ExtensionType.SupportedGroups:
                _groups = Only(Vector16());
                break;
            case ExtensionType.PointFormats:
                _pointFormats = OnlyBytes(Vector8());
                break;
            case ExtensionType.SignatureAlgorithms:
                _signatures = Only(Vector16());
                break;
            case ExtensionType.ApplicationProtocols:
                _protocols = Protocols();
                break;
            case ExtensionType.SupportedVersions:
                _versions = Only(Vector8());
                break;
            case ExtensionType.KeyShare:
                _shares = KeyShares();
                break;
            case ExtensionType.SessionTicket:
                _offersResumption |= !_rest.IsEmpty;
                break;
            case ExtensionType.PreSharedKey:
                _offersResumption = true;
                break;
            case ExtensionType.EarlyData:
                _offersEarlyData = true;
                break;
            default:
                break;
        }
    }

    /// <summary>RFC 6066 §3: a list of names, of which only host_name exists and only one may be.</summary>
    private string ServerName()
    {
        ReadOnlySpan<byte> list = Vector16();
        FailUnless(_rest.IsEmpty && !list.IsEmpty);
        _rest = list;
        byte nameType = U8();
        ReadOnlySpan<byte> name = Vector16();
        FailUnless(_rest.IsEmpty && nameType == 0 && name.Length is > 0 and <= MaxNameBytes && !name.Contains((byte)0));
        return _isMalformed ? "" : Encoding.Latin1.GetString(name).TrimEnd('.').ToLowerInvariant();
    }

    /// <summary>RFC 7301 §3.1: names of 1 to 255 bytes, at least one.</summary>
    private string[] Protocols()
    {
        ReadOnlySpan<byte> list = Vector16();
        FailUnless(_rest.IsEmpty && !list.IsEmpty);
        List<string> names = [];
        _rest = list;
        while (!_isMalformed && !_rest.IsEmpty)
        {
            ReadOnlySpan<byte> name = Vector8();
            FailUnless(!name.IsEmpty);
            names.Add(Encoding.Latin1.GetString(name));
        }
        return [.. names];
    }

    /// <summary>RFC 8446 §4.2.8: group and key, any number of them, none included.</summary>
    private ushort[] KeyShares()
    {
        ReadOnlySpan<byte> list = Vector16();
        FailUnless(_rest.IsEmpty);
        List<ushort> groups = [];
        _rest = list;
        while (!_isMalformed && !_rest.IsEmpty)
        {
            groups.Add(U16());
            FailUnless(!Vector16().IsEmpty);
        }
        return [.. groups];
    }

    private ushort[] Only(ReadOnlySpan<byte> list)
    {
        FailUnless(_rest.IsEmpty && !list.IsEmpty && list.Length % 2 == 0);
        return _isMalformed ? [] : Numbers(list);
    }

    private byte[] OnlyBytes(ReadOnlySpan<byte> list)
    {
        FailUnless(_rest.IsEmpty && !list.IsEmpty);
        return list.ToArray();
    }

    private static ushort[] Numbers(ReadOnlySpan<byte> list)
    {
        ushort[] numbers = new ushort[list.Length / 2];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadUInt16BigEndian(list[(2 * i)..]);
        }
        return numbers;
    }

    private void FailUnless(bool holds) => _isMalformed |= !holds;

    private byte U8()
    {
        ReadOnlySpan<byte> one = Take(1);
        return one.IsEmpty ? (byte)0 : one[0];
    }

    private ushort U16()
    {
        ReadOnlySpan<byte> two = Take(2);
        return two.IsEmpty ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(two);
    }

    private ReadOnlySpan<byte> Vector8() => Take(U8());

    private ReadOnlySpan<byte> Vector16() => Take(U16());

    /// <summary>The next bytes; none, and malformed, if there are not so many.</summary>
    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (_isMalformed || bytes > _rest.Length)
        {
            _isMalformed = true;
            return [];
        }
        ReadOnlySpan<byte> taken = _rest[..bytes];
        _rest = _rest[bytes..];
        return taken;
    }
}
