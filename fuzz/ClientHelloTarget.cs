using TlsGateway.Tls.Hello;

namespace TlsGateway.Fuzz;

/// <summary>What must hold of <see cref="ClientHelloReader"/> for any bytes: the first that anybody on the network can send. Tests run it too.</summary>
public static class ClientHelloTarget
{
    /// <summary>RFC 1035 §2.3.4.</summary>
    private const int LongestName = 255;

    /// <summary>10 characters, and twice an underscore with 12.</summary>
    private const int Ja4Length = 36;

    /// <summary>MD5 in hex.</summary>
    private const int Ja3Length = 32;

    /// <summary>Reads and checks; what does not hold is an exception.</summary>
    /// <returns>What came of the whole.</returns>
    public static ClientHelloStatus Run(ReadOnlySpan<byte> input)
    {
        var status = ClientHelloReader.Read(input, out var hello);
        Require(status == ClientHelloStatus.Complete == hello is not null, "a hello without Complete, or Complete without");
        if (hello is not null)
        {
            CheckHello(hello, input.Length);
        }
        CheckPrefixes(input, status);
        return status;
    }

    private static void CheckHello(ClientHello hello, int length)
    {
        Require(hello.ServerName.Length <= LongestName, "a name that is too long");
        // Bytes as Latin-1, whatever they are: whoever shows a name escapes it.
        Require(
            hello.ServerName.All(static c => c <= byte.MaxValue && !char.IsAsciiLetterUpper(c)),
            "a name that is not bytes in lower case"
        );
        Require(
            hello.CipherSuites.Count + hello.Extensions.Count + hello.SupportedGroups.Count + hello.SignatureAlgorithms.Count <= length,
            "more numbers than bytes"
        );
        Require(hello.ApplicationProtocols.All(static protocol => protocol.Length is > 0 and <= byte.MaxValue), "a protocol of no length");
        Require(hello.Extensions.Distinct().Count() == hello.Extensions.Count, "an extension twice");
        Require(ClientFingerprint.Ja4(hello).Length == Ja4Length, "a JA4 of another length");
        Require(ClientFingerprint.Ja3(hello).Length == Ja3Length, "a JA3 of another length");
    }

    /// <summary>Bytes come as they like: less of them is either the same answer or none yet. Eight cuts, chosen by the input itself.</summary>
    private static void CheckPrefixes(ReadOnlySpan<byte> input, ClientHelloStatus status)
    {
        for (var cut = 0; cut < 8 && input.Length > 0; cut++)
        {
            var length = (int)((uint)(input[cut % input.Length] * 2654435761u * (uint)(cut + 1)) % (uint)input.Length);
            var earlier = ClientHelloReader.Read(input[..length], out _);
            Require(earlier == status || earlier == ClientHelloStatus.NeedMore, $"{earlier} of {length} bytes, and {status} of all");
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
