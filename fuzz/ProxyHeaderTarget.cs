using TlsGateway.Actors.ProxyProtocol;

namespace TlsGateway.Fuzz;

/// <summary>What must hold of <see cref="ProxyHeaderReader"/> for any bytes of a proxy in front, or of whoever stands where one should.</summary>
public static class ProxyHeaderTarget
{
    /// <summary>Reads and checks; what does not hold is an exception.</summary>
    /// <returns>What came of the whole.</returns>
    public static ProxyHeaderStatus Run(ReadOnlySpan<byte> input)
    {
        var status = ProxyHeaderReader.Read(input, out var header, out var length, out var problem);
        Require(status == ProxyHeaderStatus.Complete == header is not null, "a header without Complete, or Complete without");
        Require(status == ProxyHeaderStatus.Malformed == problem.Length > 0, "a problem without Malformed, or Malformed without");
        if (header is not null)
        {
            Require(length > 0 && length <= input.Length, "a length that is not in the input");
            Require(!header.IsLocal || header.Source is null, "an address of one that speaks for itself");
            // Read again without what follows it is the same.
            Require(
                ProxyHeaderReader.Read(input[..length], out var again, out var sameLength, out _) == ProxyHeaderStatus.Complete
                    && sameLength == length
                    && header.Equals(again),
                "another header without what follows"
            );
        }
        for (var cut = 0; cut < 8 && input.Length > 0; cut++)
        {
            var part = (int)((uint)(input[cut % input.Length] * 2654435761u * (uint)(cut + 1)) % (uint)input.Length);
            var earlier = ProxyHeaderReader.Read(input[..part], out _, out _, out _);
            Require(earlier == status || earlier == ProxyHeaderStatus.NeedMore, $"{earlier} of {part} bytes, and {status} of all");
        }
        return status;
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
