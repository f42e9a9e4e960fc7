using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster;
using Akka.Serialization;
using Google.Protobuf;
using TlsGateway.Fleet.ClientLimits;
using TlsGateway.Fleet.SharedWork;
using TlsGateway.Fleet.TicketKeys;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Fleet.Protocol;

/// <summary>
/// What members say to each other, in Protocol Buffers. The manifest has the version: a member that does not know one gets <see cref="UnknownMessage"/>, so that a fleet may be updated member by member.
/// </summary>
public sealed class FleetSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public const string LoadV1 = "load-1";
    public const string DetailsV1 = "details-1";
    public const string TicketKeysV1 = "ticket-keys-1";
    public const string ClientUseV1 = "client-use-1";
    public const string FormationQuestionV1 = "formation-question-1";
    public const string FormationAnswerV1 = "formation-answer-1";

    public const string RoomQuestionV1 = "room-question-1";
    public const string RoomAnswerV1 = "room-answer-1";
    public const string RelaysEndV1 = "relays-end-1";
    public const string CloseIdleRelaysV1 = "close-idle-relays-1";

    /// <summary>Connections that are asked for or granted at once.</summary>
    private const int MaxRoom = 100_000;

    /// <summary>Members that are told to one who asks: enough to be let in.</summary>
    private const int MaxAddresses = 20;

    /// <summary>Of a name, a version and the like: what is longer is cut.</summary>
    private const int MaxText = 256;

    /// <summary>Certificates of a member that are told; a gateway with more shows the rest itself.</summary>
    private const int MaxCertificates = 200;

    /// <summary>Akka keeps those below 100 for itself.</summary>
    public override int Identifier => 4053;

    public override string Manifest(object o) =>
        o switch
        {
            MemberLoad => LoadV1,
            MemberDetails => DetailsV1,
            FleetKeySet => TicketKeysV1,
            MemberClientUse => ClientUseV1,
            FormationQuestion => FormationQuestionV1,
            FormationAnswer => FormationAnswerV1,
            RoomQuestion => RoomQuestionV1,
            RoomAnswer => RoomAnswerV1,
            RelaysEnd => RelaysEndV1,
            CloseIdleRelays => CloseIdleRelaysV1,
            HealthReport => WorkWire.HealthV1,
            StapleReport => WorkWire.StapleV1,
            _ => throw new SerializationException($"{o.GetType().Name} is not said between members."),
        };

    public override byte[] ToBinary(object obj) =>
        obj switch
        {
            MemberLoad load => Write(load),
            MemberDetails details => Write(details),
            FleetKeySet keys => Write(keys),
            MemberClientUse use => Write(use),
            FormationQuestion => [],
            FormationAnswer answer => Write(answer),
            RoomQuestion question => Write(question),
            RoomAnswer answer => Write(answer),
            RelaysEnd end => new Wire.RelaysEnd { Member = Write(end.Member) }.ToByteArray(),
            CloseIdleRelays close => Write(close),
            HealthReport report => WorkWire.Write(report),
            StapleReport report => WorkWire.Write(report),
            _ => throw new SerializationException($"{obj.GetType().Name} is not said between members."),
        };

    /// <exception cref="SerializationException">The bytes are no message of this kind; nothing of them is in it.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        try
        {
            return manifest switch
            {
                LoadV1 => ReadLoad(bytes),
                DetailsV1 => ReadDetails(bytes),
                TicketKeysV1 => ReadKeys(bytes),
                ClientUseV1 => ReadClientUse(bytes),
                FormationQuestionV1 => FormationQuestion.Instance,
                FormationAnswerV1 => ReadAnswer(bytes),
                RoomQuestionV1 => ReadRoomQuestion(bytes),
                RoomAnswerV1 => ReadRoomAnswer(bytes),
                RelaysEndV1 => new RelaysEnd(ReadMember(Wire.RelaysEnd.Parser.ParseFrom(bytes).Member)),
                CloseIdleRelaysV1 => ReadCloseIdleRelays(bytes),
                WorkWire.HealthV1 => WorkWire.ReadHealth(bytes),
                WorkWire.StapleV1 => WorkWire.ReadStaple(bytes),
                _ => new UnknownMessage(manifest.Length > MaxText ? manifest[..MaxText] : manifest),
            };
        }
        catch (Exception unreadable)
            when (unreadable is InvalidProtocolBufferException or ArgumentException or FormatException or OverflowException)
        {
            throw new SerializationException($"A message called {manifest} from another member is not readable.", unreadable);
        }
    }

    private static byte[] Write(MemberLoad load) =>
        new Wire.Load
        {
            Member = Write(load.Member),
            Sequence = load.Sequence,
            Connections = load.Connections,
            HandshakesPerSecond = load.HandshakesPerSecond,
            LoopDelayMicros = (long)load.LoopDelay.TotalMicroseconds,
            IsDraining = load.IsDraining,
            KeysVersion = load.KeysVersion,
            StalledByClient = load.Stalled.Client,
            StalledByUpstream = load.Stalled.Upstream,
            StalledBySelf = load.Stalled.Self,
            Relayed = load.Relayed,
        }.ToByteArray();

    private static MemberLoad ReadLoad(byte[] bytes)
    {
        var load = Wire.Load.Parser.ParseFrom(bytes);
        return new MemberLoad(
            ReadMember(load.Member),
            load.Sequence,
            Math.Max(0, load.Connections),
            double.IsFinite(load.HandshakesPerSecond) ? Math.Max(0, load.HandshakesPerSecond) : 0,
            TimeSpan.FromMicroseconds(Math.Clamp(load.LoopDelayMicros, 0, 3_600_000_000)),
            load.IsDraining,
            load.KeysVersion,
            new StalledConnections(Math.Max(0, load.StalledByClient), Math.Max(0, load.StalledByUpstream), Math.Max(0, load.StalledBySelf))
        )
        {
            Relayed = Math.Max(0, load.Relayed),
        };
    }

    private static byte[] Write(MemberDetails details)
    {
        var about = details.About;
        Wire.Details written = new()
        {
            Member = Write(details.Member),
            Sequence = details.Sequence,
            Name = Cut(about.Name),
            Version = Cut(about.Version),
            Phase = Cut(about.Phase),
            Generation = about.Generation,
            ConfigurationDigest = Cut(about.ConfigurationDigest),
            UptimeSeconds = (long)about.Uptime.TotalSeconds,
            KeysFrom = Cut(about.KeysFrom),
            KeyAgeSeconds = (long)about.KeyAge.TotalSeconds,
            MaxConnections = about.MaxConnections,
        };
        foreach (var certificate in about.Certificates.Take(MaxCertificates))
        {
            written.Certificates.Add(
                new Wire.Certificate
                {
                    Listener = Cut(certificate.Listener),
                    Name = Cut(certificate.Name),
                    Serial = Cut(certificate.Serial),
                    NotAfterUnixSeconds = certificate.NotAfter.ToUnixTimeSeconds(),
                }
            );
        }
        if (about.Drain is { } drain)
        {
            written.Drain = new Wire.Drain
            {
                ConnectionsAtStart = drain.AtStart,
                ConnectionsLeft = drain.Left,
                MillisSinceStart = (long)drain.Since.TotalMilliseconds,
                MillisLeft = (long)drain.AtMost.TotalMilliseconds,
            };
        }
        return written.ToByteArray();
    }

    private static MemberDetails ReadDetails(byte[] bytes)
    {
        var details = Wire.Details.Parser.ParseFrom(bytes);
        return new MemberDetails(
            ReadMember(details.Member),
            details.Sequence,
            new LocalDetails
            {
                Name = Cut(details.Name),
                Version = Cut(details.Version),
                Phase = Cut(details.Phase),
                Generation = details.Generation,
                ConfigurationDigest = Cut(details.ConfigurationDigest),
                Certificates =
                [
                    .. details
                        .Certificates.Take(MaxCertificates)
                        .Select(static one => new MemberCertificate(
                            Cut(one.Listener),
                            Cut(one.Name),
                            Cut(one.Serial),
                            DateTimeOffset.FromUnixTimeSeconds(one.NotAfterUnixSeconds)
                        )),
                ],
                Drain = details.Drain is { } drain
                    ? new DrainProgress(
                        drain.ConnectionsAtStart,
                        drain.ConnectionsLeft,
                        Millis(drain.MillisSinceStart),
                        Millis(drain.MillisLeft)
                    )
                    : null,
                Uptime = TimeSpan.FromSeconds(Math.Clamp(details.UptimeSeconds, 0, int.MaxValue)),
                KeysFrom = Cut(details.KeysFrom),
                KeyAge = TimeSpan.FromSeconds(Math.Clamp(details.KeyAgeSeconds, 0, int.MaxValue)),
                MaxConnections = details.MaxConnections,
            }
        );
    }

    private static byte[] Write(FleetKeySet keys)
    {
        Wire.TicketKeys written = new() { Version = keys.Version, Sealing = keys.SealingPlace };
        foreach (var (key, made) in keys.Keys)
        {
            written.Keys.Add(new Wire.TicketKey { Whole = ByteString.CopyFrom(key.Whole), MadeUnixMillis = made.ToUnixTimeMilliseconds() });
        }
        return written.ToByteArray();
    }

    private static FleetKeySet ReadKeys(byte[] bytes)
    {
        var read = Wire.TicketKeys.Parser.ParseFrom(bytes);
        if (read.Keys.Count > TicketKeyRing.MaxKeys)
        {
            throw new FormatException();
        }
        return new FleetKeySet(
            read.Version,
            [
                .. read.Keys.Select(static key => new FleetKey(
                    TicketKey.From(key.Whole.Span),
                    DateTimeOffset.FromUnixTimeMilliseconds(key.MadeUnixMillis)
                )),
            ],
            read.Sealing
        );
    }

    private static byte[] Write(MemberClientUse told)
    {
        var written = ClientUseForm.Write(told.Use);
        (written.Member, written.Sequence) = (Write(told.Member), told.Sequence);
        return written.ToByteArray();
    }

    private static MemberClientUse ReadClientUse(byte[] bytes)
    {
        var read = Wire.ClientUse.Parser.ParseFrom(bytes);
        return new MemberClientUse(ReadMember(read.Member), read.Sequence, ClientUseForm.Read(read));
    }

    private static byte[] Write(FormationAnswer answer)
    {
        Wire.FormationAnswer written = new();
        written.Members.AddRange(answer.Members.Take(MaxAddresses).Select(static member => member.ToString()));
        return written.ToByteArray();
    }

    private static FormationAnswer ReadAnswer(byte[] bytes) =>
        new([
            .. Wire
                .FormationAnswer.Parser.ParseFrom(bytes)
                .Members.Take(MaxAddresses)
                .Select(static member => Address.TryParse(member, out var address) ? address : throw new FormatException()),
        ]);

    private static byte[] Write(CloseIdleRelays close) =>
        new Wire.CloseIdleRelays
        {
            Member = Write(close.Member),
            Count = close.Count,
            IdleMillis = (long)close.Idle.TotalMilliseconds,
        }.ToByteArray();

    private static CloseIdleRelays ReadCloseIdleRelays(byte[] bytes)
    {
        var close = Wire.CloseIdleRelays.Parser.ParseFrom(bytes);
        return new CloseIdleRelays(ReadMember(close.Member), Math.Clamp(close.Count, 0, MaxRoom), Millis(close.IdleMillis));
    }

    private static byte[] Write(RoomQuestion question) =>
        new Wire.RoomQuestion
        {
            Member = Write(question.Member),
            Weight = question.Weight,
            Wanted = question.Wanted,
        }.ToByteArray();

    private static RoomQuestion ReadRoomQuestion(byte[] bytes)
    {
        var question = Wire.RoomQuestion.Parser.ParseFrom(bytes);
        return new RoomQuestion(
            ReadMember(question.Member),
            double.IsFinite(question.Weight) ? Math.Max(0, question.Weight) : 0,
            Math.Clamp(question.Wanted, 0, MaxRoom)
        );
    }

    private static byte[] Write(RoomAnswer answer) =>
        new Wire.RoomAnswer
        {
            Member = Write(answer.Member),
            Granted = answer.Granted,
            RelayHost = Cut(answer.Relay.Host ?? ""),
            RelayPort = answer.Relay.Port,
        }.ToByteArray();

    private static RoomAnswer ReadRoomAnswer(byte[] bytes)
    {
        var answer = Wire.RoomAnswer.Parser.ParseFrom(bytes);
        return new RoomAnswer(
            ReadMember(answer.Member),
            Math.Clamp(answer.Granted, 0, MaxRoom),
            new Settings.FleetAddress(Cut(answer.RelayHost), Math.Clamp(answer.RelayPort, 0, ushort.MaxValue))
        );
    }

    internal static Wire.Member Write(UniqueAddress member) => new() { Address = member.Address.ToString(), Incarnation = member.Uid };

    internal static UniqueAddress ReadMember(Wire.Member? member) =>
        member is not null && Address.TryParse(member.Address, out var address)
            ? new UniqueAddress(address, checked((int)member.Incarnation))
            : throw new FormatException();

    private static TimeSpan Millis(long millis) => TimeSpan.FromMilliseconds(Math.Clamp(millis, 0, 86_400_000));

    private static string Cut(string text) => text.Length > MaxText ? text[..MaxText] : text;
}
