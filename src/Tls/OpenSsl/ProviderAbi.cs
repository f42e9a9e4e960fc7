using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>What a provider gives to libcrypto: tables of functions and lists of parameters (openssl/core.h, core_dispatch.h). Tables live as long as the process, as the provider does.</summary>
internal static unsafe class ProviderAbi
{
    /// <summary>Functions by their numbers, with the entry of zeros that ends them.</summary>
    public static Dispatch* MakeTable(params ReadOnlySpan<(int Id, nint Function)> functions)
    {
        Dispatch* table = (Dispatch*)NativeMemory.AllocZeroed((nuint)functions.Length + 1, (nuint)sizeof(Dispatch));
        for (int i = 0; i < functions.Length; i++)
        {
            table[i] = new Dispatch { Id = functions[i].Id, Function = functions[i].Function };
        }
        return table;
    }

    public static Algorithm* MakeAlgorithms(params ReadOnlySpan<Algorithm> algorithms)
    {
        Algorithm* list = (Algorithm*)NativeMemory.AllocZeroed((nuint)algorithms.Length + 1, (nuint)sizeof(Algorithm));
        algorithms.CopyTo(new Span<Algorithm>(list, algorithms.Length));
        return list;
    }

    public static Algorithm MakeAlgorithm(string names, string description, Dispatch* functions) =>
        new()
        {
            Names = Text(names),
            Properties = Text("provider=" + GatewayProvider.Name),
            Functions = functions,
            Description = Text(description),
        };

    public static OsslParameter* MakeParameters(params ReadOnlySpan<OsslParameter> parameters)
    {
        OsslParameter* list = (OsslParameter*)NativeMemory.AllocZeroed((nuint)parameters.Length + 1, (nuint)sizeof(OsslParameter));
        parameters.CopyTo(new Span<OsslParameter>(list, parameters.Length));
        return list;
    }

    /// <summary>With a zero behind it.</summary>
    public static byte* Text(string text) => (byte*)Marshal.StringToCoTaskMemUTF8(text);

    /// <summary>The first parameter of that name, or null.</summary>
    public static OsslParameter* Find(OsslParameter* parameters, ReadOnlySpan<byte> name)
    {
        for (OsslParameter* next = parameters; next != null && next->Key != null; next++)
        {
            if (next->IsCalled(name))
            {
                return next;
            }
        }
        return null;
    }

    /// <summary>OSSL_DISPATCH.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Dispatch
    {
        public int Id;
        public nint Function;
    }

    /// <summary>OSSL_ALGORITHM.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Algorithm
    {
        public byte* Names;
        public byte* Properties;
        public Dispatch* Functions;
        public byte* Description;
    }
}
