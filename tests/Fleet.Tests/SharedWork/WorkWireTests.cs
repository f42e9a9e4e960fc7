using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster;
using CsCheck;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.SharedWork;
using TlsGateway.Tests;

namespace TlsGateway.Fleet.Tests.SharedWork;

public sealed class WorkWireTests : IDisposable
{
    private static readonly UniqueAddress Member = new(new Address("akka.ssl.tcp", "fleet", "gw-0.members", 4053), 123456789);
    private static readonly string Work = string.Concat(Enumerable.Range(0, WorkWire.DigestBytes).Select(static i => $"{i:x2}"));
    private readonly ActorSystem _system = ActorSystem.Create("serializer");
    private readonly FleetSerializer _serializer;

    public WorkWireTests() => _serializer = new FleetSerializer((ExtendedActorSystem)_system);

    public void Dispose() => _system.Dispose();

    public static TheoryData<string, object> Messages =>
        new()
        {
            { WorkWire.HealthV1, new HealthReport(Member, Work, false, "status 503", true, 4, TimeSpan.FromMilliseconds(2500)) },
            { WorkWire.StapleV1, new StapleReport(Member, Work, [0x30, 0x03, 0x0A, 0x01, 0x00]) },
        };

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_written_is_read(string manifest, object message)
    {
        Assert.Equal(manifest, _serializer.Manifest(message));
        Assert.Equivalent(message, _serializer.FromBinary(_serializer.ToBinary(message), manifest), strict: true);
    }

    /// <summary>As the first version of each message wrote it: a member of a later version has to read it.</summary>
    public static TheoryData<string, string> FirstVersions =>
        new()
        {
            {
                WorkWire.HealthV1,
                "0A2D0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A3430353310AAB4DE75122000010203040506070809"
                    + "0A0B0C0D0E0F101112131415161718191A1B1C1D1E1F220A737461747573203530332801300438C413"
            },
            {
                WorkWire.StapleV1,
                "0A2D0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A3430353310AAB4DE75122000010203040506070809"
                    + "0A0B0C0D0E0F101112131415161718191A1B1C1D1E1F1A0530030A0100"
            },
        };

    [Theory]
    [MemberData(nameof(FirstVersions))]
    public void Bytes_of_the_first_version_are_read(string manifest, string hex)
    {
        var message = Messages.Single(row => row.Data.Item1 == manifest).Data.Item2;
        Assert.Equal(hex, Convert.ToHexString(_serializer.ToBinary(message)));
        Assert.Equivalent(message, _serializer.FromBinary(Convert.FromHexString(hex), manifest), strict: true);
    }

    [Fact]
    public void What_is_too_long_is_cut_or_refused()
    {
        HealthReport report = new(Member, Work, true, new string('x', 5000) + "\n", false, 1);
        Assert.Equal(200, Read<HealthReport>(report).Detail.Length);
        Assert.Equal("a?b", Read<HealthReport>(report with { Detail = "a\nb" }).Detail);
        Assert.Equal(
            WorkWire.MaxResponseBytes,
            Read<StapleReport>(new StapleReport(Member, Work, new byte[WorkWire.MaxResponseBytes])).Response.Length
        );
        Assert.Throws<SerializationException>(() =>
            Read<StapleReport>(new StapleReport(Member, Work, new byte[WorkWire.MaxResponseBytes + 1]))
        );
        Assert.Throws<SerializationException>(() => Read<StapleReport>(new StapleReport(Member, Work, [])));
        Assert.Throws<SerializationException>(() => Read<HealthReport>(report with { Work = Work + "00" }));
        Assert.Throws<SerializationException>(() => Read<HealthReport>(report with { Work = "" }));
    }

    [Fact]
    public void Whatever_comes_is_read_or_refused()
    {
        var seeds = Messages.Select(row => (row.Data.Item1, Bytes: _serializer.ToBinary(row.Data.Item2))).ToArray();
        var (read, refused) = (0, 0);
        Seeded.ForAll(
            Gen.Select(Gen.Int[0, seeds.Length - 1], Gen.Byte.Array[0, 6], Gen.Int[0, 120]),
            4000,
            seed: 12,
            input =>
            {
                var (from, noise, at) = input;
                byte[] bytes = [.. seeds[from].Bytes.Take(at), .. noise, .. seeds[from].Bytes.Skip(at + noise.Length)];
                try
                {
                    if (_serializer.FromBinary(bytes, seeds[from].Item1) is HealthReport health)
                    {
                        Assert.InRange(health.InARow, 1, int.MaxValue);
                        Assert.InRange(health.Age, TimeSpan.Zero, TimeSpan.FromDays(1));
                    }
                    Interlocked.Increment(ref read);
                }
                catch (SerializationException)
                {
                    Interlocked.Increment(ref refused);
                }
            }
        );
        Assert.True(read > 0 && refused > 0, $"{read} read, {refused} refused");
    }

    private T Read<T>(T message)
        where T : notnull => (T)_serializer.FromBinary(_serializer.ToBinary(message), _serializer.Manifest(message));
}
