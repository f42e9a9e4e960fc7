using TlsGateway.Fuzz;
using TlsGateway.Tls.Hello;

namespace TlsGateway.Tls.Tests;

/// <summary>First flights of real clients, whole, cut and damaged; the same in every run.</summary>
public sealed class ClientHelloFuzzTests
{
    private const int Mutations = 120_000;

    /// <summary>Numbers at which lengths and lists turn.</summary>
    private static readonly byte[] Interesting = [0, 1, 2, 3, 4, 0x10, 0x16, 0x7f, 0x80, 0xfe, 0xff];

    private static readonly List<(string Name, byte[] Bytes)> Corpus =
    [
        .. Directory
            .GetFiles(Path.Combine(AppContext.BaseDirectory, "corpus", "client-hello"), "*.bin")
            .Order(StringComparer.Ordinal)
            .Select(static file => (Path.GetFileNameWithoutExtension(file), File.ReadAllBytes(file))),
    ];

    [Fact]
    public void Real_clients_are_read_and_every_cut_of_them_waits()
    {
        Assert.True(Corpus.Count >= 9);
        foreach ((string name, byte[] hello) in Corpus)
        {
            Assert.True(ClientHelloTarget.Run(hello) == ClientHelloStatus.Complete, name);
            for (int length = 0; length < hello.Length; length++)
            {
                Assert.True(ClientHelloTarget.Run(hello.AsSpan(0, length)) == ClientHelloStatus.NeedMore, $"{length} bytes of {name}");
            }
        }
    }

    [Fact]
    public void Damaged_ones_are_read_or_refused_and_nothing_else()
    {
        Random random = new(20261125);
        Dictionary<ClientHelloStatus, int> seen = [];
        byte[] buffer = new byte[ClientHelloReader.MaxMessageBytes];
        for (int i = 0; i < Mutations; i++)
        {
            byte[] origin = Corpus[random.Next(Corpus.Count)].Bytes;
            origin.CopyTo(buffer, 0);
            int length = origin.Length;
            for (int damage = random.Next(1, 5); damage > 0; damage--)
            {
                length = Damage(buffer, length, random);
            }
            try
            {
                ClientHelloStatus status = ClientHelloTarget.Run(buffer.AsSpan(0, length));
                seen[status] = seen.GetValueOrDefault(status) + 1;
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException($"mutation {i}: {e.Message}: {Convert.ToHexString(buffer, 0, length)}", e);
            }
        }
        // Each way out was taken, or the mutations are not worth their time.
        foreach (ClientHelloStatus status in Enum.GetValues<ClientHelloStatus>())
        {
            Assert.True(seen.GetValueOrDefault(status) > 0, $"none ended {status}");
        }
    }

    /// <summary>One change; the new length.</summary>
    private static int Damage(byte[] buffer, int length, Random random)
    {
        if (length < 2)
        {
            return length;
        }
        int at = random.Next(length);
        switch (random.Next(6))
        {
            case 0:
                buffer[at] ^= (byte)(1 << random.Next(8));
                return length;
            case 1:
                buffer[at] = Interesting[random.Next(Interesting.Length)];
                return length;
            case 2:
                return at;
            case 3:
                // A piece twice: extensions that come again, lists longer than they say.
                int piece = Math.Min(random.Next(1, 64), Math.Min(length - at, buffer.Length - length));
                buffer.AsSpan(at, length - at).CopyTo(buffer.AsSpan(at + piece));
                return length + piece;
            case 4:
                int gone = Math.Min(random.Next(1, 64), length - at);
                buffer.AsSpan(at + gone, length - at - gone).CopyTo(buffer.AsSpan(at));
                return length - gone;
            default:
                // Cut in two records, which is legal, whatever is in them by now.
                return SplitRecord(buffer, length, random);
        }
    }

    private static int SplitRecord(byte[] buffer, int length, Random random)
    {
        const int Header = 5;
        if (length <= Header + 2 || length + Header > buffer.Length)
        {
            return length;
        }
        int first = random.Next(1, length - Header);
        byte[] rest = buffer[(Header + first)..length];
        buffer.AsSpan(0, Header).CopyTo(buffer.AsSpan(Header + first));
        rest.CopyTo(buffer, (2 * Header) + first);
        (buffer[3], buffer[4]) = ((byte)(first >> 8), (byte)first);
        (buffer[Header + first + 3], buffer[Header + first + 4]) = ((byte)(rest.Length >> 8), (byte)rest.Length);
        return length + Header;
    }
}
