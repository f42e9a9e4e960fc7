using System.Text;

namespace TlsGateway.Gateway.Client;

/// <summary>
/// What is said in the clear before TLS: SMTP (RFC 3207), IMAP (RFC 9051 §6.2.1), PostgreSQL (SSLRequest, protocol 3.0 §55.2.12). Pure: bytes in, bytes out.
/// </summary>
/// <remarks>Bytes behind the server's consent are refused: they were not protected (RFC 3207 §6, CVE-2011-0411). An answer may have 8 KiB.</remarks>
internal sealed class StartTlsDialogue
{
    private const int MaxAnswerBytes = 8 * 1024;

    private readonly string _protocol;
    private readonly StringBuilder _answer = new();
    private int _step;

    /// <param name="protocol">One of <see cref="Protocols"/>.</param>
    public StartTlsDialogue(string protocol) => _protocol = protocol;

    public static IReadOnlyList<string> Protocols { get; } = ["smtp", "imap", "postgres"];

    /// <summary>TLS may begin.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Why the server cannot, for the operator; null while it may.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What to send first; empty where the server speaks first.</summary>
    public byte[] Begin() =>
        // Length 8, then 80877103: 1234 and 5679 in two halves.
        _protocol == "postgres"
            ? [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]
            : [];

    /// <summary>Takes received bytes; returns what to send then.</summary>
    public byte[] Receive(ReadOnlySpan<byte> bytes)
    {
        _answer.Append(Encoding.Latin1.GetString(bytes));
        if (_answer.Length > MaxAnswerBytes)
        {
            return Refuse("its answer before TLS is longer than 8 KiB");
        }
        var text = _answer.ToString();
        if (_protocol == "postgres")
        {
            return text == "S" ? Finish() : Refuse(text[0] == 'N' ? "PostgreSQL answered N: it has no TLS" : "it is not PostgreSQL");
        }
        var said = LastLine(text);
        if (said is null)
        {
            return [];
        }
        _answer.Clear();
        return _protocol == "smtp" ? ReceiveSmtp(said) : ReceiveImap(said);
    }

    private byte[] ReceiveSmtp(string line)
    {
        if (!line.StartsWith(_step == 1 ? "250" : "220", StringComparison.Ordinal))
        {
            return Refuse($"SMTP answered: {Printable(line)}");
        }
        return _step++ switch
        {
            0 => "EHLO localhost\r\n"u8.ToArray(),
            1 => "STARTTLS\r\n"u8.ToArray(),
            _ => Finish(),
        };
    }

    private byte[] ReceiveImap(string line)
    {
        if (_step == 0 && line.StartsWith("* OK", StringComparison.Ordinal))
        {
            _step = 1;
            return "a STARTTLS\r\n"u8.ToArray();
        }
        return _step == 1 && line.StartsWith("a OK", StringComparison.Ordinal) ? Finish() : Refuse($"IMAP answered: {Printable(line)}");
    }

    /// <summary>The line that ends an answer, or null: SMTP marks it with a space (RFC 5321 §4.2.1), IMAP with the tag or, at first, any line.</summary>
    private string? LastLine(string text)
    {
        if (!text.EndsWith('\n'))
        {
            return null;
        }
        var line = text.TrimEnd('\r', '\n');
        line = line[(line.LastIndexOf('\n') + 1)..];
        var isLast =
            _protocol == "smtp" ? line.Length < 4 || line[3] != '-' : _step == 0 || !line.StartsWith("* ", StringComparison.Ordinal);
        if (isLast && _step == 2 && text.IndexOf('\n', StringComparison.Ordinal) != text.Length - 1)
        {
            _ = Refuse("it sent more behind its consent to TLS");
        }
        return isLast ? line : null;
    }

    private byte[] Finish()
    {
        IsDone = Refusal is null;
        return [];
    }

    private byte[] Refuse(string why)
    {
        Refusal ??= why;
        return [];
    }

    private static string Printable(string line) => new([.. line.Take(200).Select(c => char.IsControl(c) ? '?' : c)]);
}
