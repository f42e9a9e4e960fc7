using Google.Protobuf;
using TlsGateway.Fleet.Protocol;

namespace TlsGateway.Fleet.SharedWork;

/// <summary>Reports in Protocol Buffers. What is longer than it may be is refused, but for a detail, which is cut.</summary>
public static class WorkWire
{
    public const string HealthV1 = "health-1";
    public const string StapleV1 = "ocsp-1";

    /// <summary>What names a piece of work is a SHA-256.</summary>
    public const int DigestBytes = 32;

    /// <summary>An OCSP response with a responder's certificate has 1 to 4 KiB; a longer one each member fetches for itself.</summary>
    public const int MaxResponseBytes = 16 * 1024;

    private const int MaxDetail = 200;
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(1);

    internal static byte[] Write(HealthReport report) =>
        new Wire.Checked
        {
            Member = FleetSerializer.Write(report.Member),
            Work = Digest(report.Work),
            Passed = report.Passed,
            Detail = Cut(report.Detail),
            IsDown = report.IsDown,
            InARow = report.InARow,
            AgeMillis = (long)report.Age.TotalMilliseconds,
        }.ToByteArray();

    internal static HealthReport ReadHealth(byte[] bytes)
    {
        var read = Wire.Checked.Parser.ParseFrom(bytes);
        return new HealthReport(
            FleetSerializer.ReadMember(read.Member),
            Digest(read.Work),
            read.Passed,
            Printable(Cut(read.Detail)),
            read.IsDown,
            Math.Clamp(read.InARow, 1, int.MaxValue / 2),
            TimeSpan.FromMilliseconds(Math.Clamp(read.AgeMillis, 0, (long)MaxAge.TotalMilliseconds))
        );
    }

    internal static byte[] Write(StapleReport report) =>
        new Wire.Staple
        {
            Member = FleetSerializer.Write(report.Member),
            Certificate = Digest(report.Certificate),
            Response = ByteString.CopyFrom(report.Response),
        }.ToByteArray();

    internal static StapleReport ReadStaple(byte[] bytes)
    {
        var read = Wire.Staple.Parser.ParseFrom(bytes);
        return read.Response.Length is 0 or > MaxResponseBytes
            ? throw new FormatException()
            : new StapleReport(FleetSerializer.ReadMember(read.Member), Digest(read.Certificate), read.Response.ToByteArray());
    }

    private static ByteString Digest(string hexadecimal) => ByteString.CopyFrom(Convert.FromHexString(hexadecimal));

    private static string Digest(ByteString digest) =>
        digest.Length == DigestBytes ? Convert.ToHexStringLower(digest.Span) : throw new FormatException();

    private static string Cut(string text) => text.Length > MaxDetail ? text[..MaxDetail] : text;

    /// <summary>It goes into logs: a line stays a line.</summary>
    private static string Printable(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(static one => char.IsControl(one) ? '?' : one)) : text;
}
