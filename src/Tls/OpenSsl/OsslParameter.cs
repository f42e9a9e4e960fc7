using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>OSSL_PARAM: given by the caller, or a place where it wants an answer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct OsslParameter
{
    private const uint Integer = 1;
    private const uint UnsignedInteger = 2;
    private const uint Utf8 = 4;
    private const uint Octets = 5;

    /// <summary>OSSL_PARAM_UNMODIFIED.</summary>
    private static nuint Unmodified => nuint.MaxValue;

    public byte* Key;
    public uint Type;
    public void* Data;
    public nuint Size;
    public nuint ReturnSize;

    /// <summary>Empty where there are no data.</summary>
    public readonly ReadOnlySpan<byte> Value => Data == null ? [] : new ReadOnlySpan<byte>(Data, (int)Size);

    public readonly bool IsOctets => Type == Octets;

    /// <summary>Lives as long as the process.</summary>
    public static OsslParameter OfNumber(string key, int value)
    {
        int* data = (int*)NativeMemory.Alloc(sizeof(int));
        *data = value;
        return new OsslParameter
        {
            Key = ProviderAbi.Text(key),
            Type = Integer,
            Data = data,
            Size = sizeof(int),
            ReturnSize = Unmodified,
        };
    }

    /// <summary>Lives as long as the process.</summary>
    public static OsslParameter OfText(string key, string value) => OfText(ProviderAbi.Text(key), ProviderAbi.Text(value));

    /// <param name="key">Ends with a zero.</param>
    /// <param name="text">Ends with a zero, which OpenSSL relies on.</param>
    public static OsslParameter OfText(byte* key, byte* text) =>
        new()
        {
            Key = key,
            Type = Utf8,
            Data = text,
            Size = (nuint)MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text).Length,
            ReturnSize = Unmodified,
        };

    /// <summary>Says that there may be such a parameter.</summary>
    public static OsslParameter NumberType(string key) =>
        new()
        {
            Key = ProviderAbi.Text(key),
            Type = Integer,
            ReturnSize = Unmodified,
        };

    /// <inheritdoc cref="NumberType"/>
    public static OsslParameter TextType(string key) =>
        new()
        {
            Key = ProviderAbi.Text(key),
            Type = Utf8,
            ReturnSize = Unmodified,
        };

    /// <inheritdoc cref="NumberType"/>
    public static OsslParameter OctetsType(string key) =>
        new()
        {
            Key = ProviderAbi.Text(key),
            Type = Octets,
            ReturnSize = Unmodified,
        };

    /// <param name="key">Ends with a zero.</param>
    public static OsslParameter OfOctets(byte* key, void* data, int length) =>
        new()
        {
            Key = key,
            Type = Octets,
            Data = data,
            Size = (nuint)length,
            ReturnSize = Unmodified,
        };

    /// <summary>Reads no further than to the first byte that differs, or to the zero.</summary>
    public readonly bool IsCalled(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < name.Length; i++)
        {
            if (Key[i] != name[i])
            {
                return false;
            }
        }
        return Key[name.Length] == 0;
    }

    /// <summary>Answers with a number; false where its place has another form.</summary>
    public bool TryAnswer(int value)
    {
        if (Type is not (Integer or UnsignedInteger))
        {
            return false;
        }
        ReturnSize = Data == null ? sizeof(int) : Size;
        if (Data == null)
        {
            return true;
        }
        switch (Size)
        {
            case sizeof(int):
                *(int*)Data = value;
                return true;
            case sizeof(long):
                *(long*)Data = value;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Answers with octets, or with how many there are where the caller has no place for them yet; false where the place is too small.</summary>
    public bool TryAnswer(ReadOnlySpan<byte> value)
    {
        if (Type != Octets)
        {
            return false;
        }
        ReturnSize = (nuint)value.Length;
        if (Data == null)
        {
            return true;
        }
        return value.TryCopyTo(new Span<byte>(Data, (int)Math.Min(Size, int.MaxValue)));
    }
}
