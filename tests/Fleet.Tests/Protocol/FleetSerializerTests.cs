using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster;
using CsCheck;
using TlsGateway.Actors.Limits;
using TlsGateway.Fleet.ClientLimits;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.TicketKeys;
using TlsGateway.Tests;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Fleet.Tests.Protocol;

public sealed class FleetSerializerTests : IDisposable
{
    private static readonly UniqueAddress Member = new(new Address("akka.ssl.tcp", "fleet", "gw-0.members", 4053), 123456789);
    private readonly ActorSystem _system = ActorSystem.Create("serializer");
    private readonly FleetSerializer _serializer;

    public FleetSerializerTests() => _serializer = new FleetSerializer((ExtendedActorSystem)_system);

    public void Dispose() => _system.Dispose();

    public static TheoryData<string, object> Messages =>
        new()
        {
            {
                FleetSerializer.LoadV1,
                new MemberLoad(Member, 7, 1234, 56.5, TimeSpan.FromMicroseconds(789), true, 3, new StalledConnections(1, 2, 3))
            },
            {
                FleetSerializer.DetailsV1,
                new MemberDetails(
                    Member,
                    8,
                    new LocalDetails
                    {
                        Name = "gw-0",
                        Version = "0.1.0",
                        Phase = "draining",
                        Generation = 4,
                        ConfigurationDigest = "abc",
                        Certificates = [new MemberCertificate("https", "www", "0A0B", DateTimeOffset.FromUnixTimeSeconds(1800000000))],
                        Drain = new DrainProgress(100, 40, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(54)),
                        Uptime = TimeSpan.FromHours(1),
                        KeysFrom = "fleet",
                        KeyAge = TimeSpan.FromMinutes(5),
                        MaxConnections = 10000,
                    }
                )
            },
            {
                FleetSerializer.ClientUseV1,
                new MemberClientUse(
                    Member,
                    9,
                    new ClientUse(24, 56, [new NetworkUse(0xFFFF_C000_0200, 17, 3), new NetworkUse((UInt128)0x2001_0DB8 << 96, 300, 0)])
                )
            },
            { FleetSerializer.FormationQuestionV1, FormationQuestion.Instance },
            { FleetSerializer.FormationAnswerV1, new FormationAnswer([Member.Address]) },
            { FleetSerializer.RoomQuestionV1, new RoomQuestion(Member, 1234.5, 50) },
            { FleetSerializer.RoomAnswerV1, new RoomAnswer(Member, 25, new Settings.FleetAddress("gw-1.members", 4054)) },
            { FleetSerializer.RelaysEndV1, new RelaysEnd(Member) },
            { FleetSerializer.CloseIdleRelaysV1, new CloseIdleRelays(Member, 12, TimeSpan.FromSeconds(31)) },
        };

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_written_is_read(string manifest, object message)
    {
        Assert.Equal(manifest, _serializer.Manifest(message));
        var read = _serializer.FromBinary(_serializer.ToBinary(message), manifest);
        Assert.Equivalent(message, read, strict: true);
    }

    [Fact]
    public void Ticket_keys_come_over_whole()
    {
        FleetKeySet set = new(5, [Key(), Key(), Key()], sealing: 1);
        var read = Assert.IsType<FleetKeySet>(_serializer.FromBinary(_serializer.ToBinary(set), _serializer.Manifest(set)));
        Assert.Equal((set.Version, set.SealingPlace, set.Keys.Count), (read.Version, read.SealingPlace, read.Keys.Count));
        Assert.All(
            set.Keys.Zip(read.Keys),
            static pair => Assert.True(pair.First.Key.IsSameAs(pair.Second.Key) && pair.First.Made == pair.Second.Made)
        );
        Assert.DoesNotContain(Convert.ToHexString(set.Keys[0].Key.AesKey), $"{set} {set.Keys[0]}", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>As the first version of each message wrote it: a member of a later version has to read it.</summary>
    public static TheoryData<string, string> FirstVersions =>
        new()
        {
            {
                FleetSerializer.LoadV1,
                "0A2D0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A3430353310AAB4DE75100718D209210000000000404C"
                    + "4028950630013803400148025003"
            },
            {
                FleetSerializer.DetailsV1,
                "0A2D0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A3430353310AAB4DE7510081A0467772D302205302E31"
                    + "2E302A08647261696E696E6730043A0361626342180A05687474707312037777771A04304130422080A4A7DA064A0B0864102818F02E20F0A5035090"
                    + "1C5A05666C65657460AC0268904E"
            },
            {
                FleetSerializer.ClientUseV1,
                "0A2D0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A3430353310AAB4DE751009181820382A160A10000000"
                    + "00000000000000FFFFC0000200101118032A150A1020010DB800000000000000000000000010AC02"
            },
            {
                FleetSerializer.RoomQuestionV1,
                "0A2D0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A3430353310AAB4DE751100000000004A93401832"
            },
            {
                FleetSerializer.RoomAnswerV1,
                "0A2D0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A3430353310AAB4DE7510191A0C67772D312E6D656D62"
                    + "65727320D61F"
            },
            {
                FleetSerializer.RelaysEndV1,
                "0A2D0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A3430353310AAB4DE75"
            },
            {
                FleetSerializer.CloseIdleRelaysV1,
                "0A2D0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A3430353310AAB4DE75100C1898F201"
            },
            { FleetSerializer.FormationAnswerV1, "0A26616B6B612E73736C2E7463703A2F2F666C6565744067772D302E6D656D626572733A34303533" },
        };

    [Theory]
    [MemberData(nameof(FirstVersions))]
    public void Bytes_of_the_first_version_are_read(string manifest, string hex)
    {
        var message = Messages.Single(row => row.Data.Item1 == manifest).Data.Item2;
        Assert.Equivalent(message, _serializer.FromBinary(Convert.FromHexString(hex), manifest), strict: true);
    }

    [Fact]
    public void Ticket_keys_of_the_first_version_are_read()
    {
        const string Hex =
            "080512590A50000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435"
            + "363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F10FBD0EAB6B733";
        var set = Assert.IsType<FleetKeySet>(_serializer.FromBinary(Convert.FromHexString(Hex), FleetSerializer.TicketKeysV1));
        Assert.Equal((5L, 0), (set.Version, set.SealingPlace));
        Assert.Equal(Enumerable.Range(0, TicketKey.WholeBytes).Select(static i => (byte)i), set.Sealing!.Key.Whole.ToArray());
        Assert.Equal(1767225600123, set.Sealing.Made.ToUnixTimeMilliseconds());
    }

    /// <summary>A frame has 256 KiB: what is more than that is not said, and not read.</summary>
    [Fact]
    public void Client_networks_beyond_the_bound_are_neither_said_nor_read_and_no_number_is_too_large()
    {
        var many = Enumerable.Range(0, 3000).Select(static i => new NetworkUse(UInt128.MaxValue - (UInt128)i, int.MaxValue, int.MaxValue));
        var bytes = _serializer.ToBinary(new MemberClientUse(Member, 1, new ClientUse(32, 64, [.. many])));
        Assert.InRange(bytes.Length, 1, 64 * 1024);
        var read = Assert.IsType<MemberClientUse>(_serializer.FromBinary(bytes, FleetSerializer.ClientUseV1));
        Assert.Equal(FleetClients.MostTold, read.Use.Networks.Count);
        Assert.All(read.Use.Networks, static one => Assert.Equal((10_000_000, 10_000_000), (one.Connections, one.Handshakes)));
        Wire.ClientUse twice = new() { Member = new Wire.Member { Address = Member.Address.ToString() } };
        twice.Networks.AddRange(
            Enumerable.Repeat(new Wire.NetworkUse { Network = Google.Protobuf.ByteString.CopyFrom(new byte[16]), Connections = -5 }, 3000)
        );
        read = Assert.IsType<MemberClientUse>(
            _serializer.FromBinary(Google.Protobuf.MessageExtensions.ToByteArray(twice), FleetSerializer.ClientUseV1)
        );
        Assert.Equal(FleetClients.MostTold, read.Use.Networks.Count);
        Assert.All(read.Use.Networks, static one => Assert.Equal(0, one.Connections));
    }

    [Fact]
    public void A_message_of_a_later_version_is_known_as_unknown() =>
        Assert.Equal(new UnknownMessage("load-2"), _serializer.FromBinary([1, 2, 3], "load-2"));

    [Fact]
    public void Whatever_comes_is_read_or_refused()
    {
        string[] manifests =
        [
            FleetSerializer.LoadV1,
            FleetSerializer.DetailsV1,
            FleetSerializer.TicketKeysV1,
            FleetSerializer.ClientUseV1,
            FleetSerializer.FormationAnswerV1,
        ];
        var seeds = Messages.Select(static row => row.Data.Item2).Select(message => _serializer.ToBinary(message)).ToArray();
        var refused = 0;
        Seeded.ForAll(
            Gen.Select(Gen.Int[0, manifests.Length - 1], Gen.Int[0, seeds.Length - 1], Gen.Byte.Array[0, 6], Gen.Int[0, 200]),
            4000,
            seed: 9,
            input =>
            {
                var (manifest, from, noise, at) = input;
                byte[] bytes = [.. seeds[from].Take(at), .. noise, .. seeds[from].Skip(at + noise.Length)];
                try
                {
                    _serializer.FromBinary(bytes, manifests[manifest]);
                }
                catch (SerializationException)
                {
                    refused++;
                }
            }
        );
        Assert.InRange(refused, 100, 3999);
    }

    [Fact]
    public void Other_things_are_not_said() => Assert.Throws<SerializationException>(() => _serializer.ToBinary("text"));

    private static FleetKey Key() => new(TicketKey.Create(), DateTimeOffset.FromUnixTimeMilliseconds(1767225600123));
}
