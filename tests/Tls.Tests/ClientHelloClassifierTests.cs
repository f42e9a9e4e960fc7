using System.Text;

namespace TlsGateway.Tls.Tests;

public sealed class ClientHelloClassifierTests
{
    [Theory]
    [InlineData("160301020001", FirstBytes.TlsHandshake)]
    [InlineData("16030102000100", FirstBytes.TlsHandshake)]
    [InlineData("160303480001", FirstBytes.TlsHandshake)]
    [InlineData("160300000101", FirstBytes.TlsHandshake)]
    [InlineData("1603", FirstBytes.NeedMore)]
    [InlineData("160301", FirstBytes.NeedMore)]
    [InlineData("1603010200", FirstBytes.NeedMore)]
    [InlineData("1602", FirstBytes.NotTls)]
    [InlineData("1604", FirstBytes.NotTls)]
    [InlineData("1603010000", FirstBytes.NotTls)]
    [InlineData("1603014801", FirstBytes.NotTls)]
    [InlineData("160301ffff", FirstBytes.NotTls)]
    [InlineData("160301020002", FirstBytes.NotTls)]
    [InlineData("160301020000", FirstBytes.NotTls)]
    [InlineData("1703010200", FirstBytes.NotTls)]
    [InlineData("15", FirstBytes.NotTls)]
    [InlineData("802e0100", FirstBytes.NotTls)]
    [InlineData("00", FirstBytes.NotTls)]
    [InlineData("", FirstBytes.NeedMore)]
    public void Records_are_told_by_their_header(string hex, FirstBytes expected)
    {
        Assert.Equal(expected, ClientHelloClassifier.Classify(Convert.FromHexString(hex)));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("HEAD / HTTP/1.1\r\n")]
    [InlineData("POST / HTTP/1.1\r\n")]
    [InlineData("PUT / HTTP/1.1\r\n")]
    [InlineData("DELETE / HTTP/1.1\r\n")]
    [InlineData("OPTIONS * HTTP/1.1\r\n")]
    [InlineData("CONNECT a:443 HTTP/1.1\r\n")]
    [InlineData("PATCH / HTTP/1.1\r\n")]
    [InlineData("TRACE / HTTP/1.1\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n")]
    public void Http_is_told_at_the_space_and_not_before(string request)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(request);
        int decisive = request.IndexOf(' ', StringComparison.Ordinal) + 1;
        for (int length = 0; length <= bytes.Length; length++)
        {
            FirstBytes expected = length < decisive ? FirstBytes.NeedMore : FirstBytes.PlainHttp;
            Assert.Equal(expected, ClientHelloClassifier.Classify(bytes.AsSpan(0, length)));
        }
    }

    [Theory]
    [InlineData("GETX", 4)]
    [InlineData("get ", 1)]
    [InlineData("PUSH", 3)]
    [InlineData("SSH-2.0-OpenSSH", 1)]
    [InlineData("PROXY TCP4", 3)]
    [InlineData("\r\n\r\n", 1)]
    public void Other_text_is_refused_at_its_first_wrong_byte(string text, int decisive)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        for (int length = 0; length <= bytes.Length; length++)
        {
            FirstBytes expected = length < decisive ? FirstBytes.NeedMore : FirstBytes.NotTls;
            Assert.Equal(expected, ClientHelloClassifier.Classify(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void More_bytes_never_change_an_answer()
    {
        Random random = new(11);
        byte[] bytes = new byte[8];
        byte[] starts = [0x16, (byte)'G', (byte)'P', (byte)'O'];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            bytes[0] = starts[i % starts.Length];
            bytes[1] = i % 3 == 0 ? bytes[1] : (byte)3;
            FirstBytes answer = FirstBytes.NeedMore;
            for (int length = 0; length <= bytes.Length; length++)
            {
                FirstBytes next = ClientHelloClassifier.Classify(bytes.AsSpan(0, length));
                Assert.True(answer == FirstBytes.NeedMore || next == answer, Convert.ToHexString(bytes));
                answer = next;
            }
        }
    }
}
