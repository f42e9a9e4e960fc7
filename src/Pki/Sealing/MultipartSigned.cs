using System.Text;

namespace TlsGateway.Pki.Sealing;

/// <summary>Splits a multipart/signed entity (RFC 1847 §2.1) into content and signature.</summary>
internal static class MultipartSigned
{
    /// <summary>A signature with its chain has some KiB.</summary>
    private const int MaxSignatureBytes = 1024 * 1024;

    /// <summary>RFC 5322 §2.1.1 has 998; longer lines of content are copied in pieces.</summary>
    private const int MaxPieceBytes = 64 * 1024;

    /// <summary>Copies the content, with CRLF at its line ends as it was signed (RFC 8551 §3.1.1), and returns the signature.</summary>
    /// <exception cref="InvalidDataException">A part is missing, or the signature is too large.</exception>
    public static byte[] Split(Stream file, string boundary, Stream content)
    {
        var mark = Encoding.Latin1.GetBytes("--" + boundary);
        using BufferedStream lines = new(file, MaxPieceBytes);
        SkipTo(lines, mark);
        CopyContent(lines, mark, content);
        if (MimeHeader.Read(lines) is not { IsBase64: true })
        {
            throw new InvalidDataException("its second part is no signature in base64");
        }
        using Base64BodyStream body = new(lines);
        using MemoryStream signature = new();
        var buffer = new byte[4096];
        for (var read = body.Read(buffer); read > 0; read = body.Read(buffer))
        {
            if (signature.Length + read > MaxSignatureBytes)
            {
                throw new InvalidDataException($"its signature has more than {MaxSignatureBytes} bytes");
            }
            signature.Write(buffer, 0, read);
        }
        return signature.ToArray();
    }

    private static void SkipTo(Stream lines, byte[] mark)
    {
        List<byte> line = [];
        while (ReadPiece(lines, line, out _))
        {
            if (StartsWith(line, mark))
            {
                return;
            }
        }
        throw new InvalidDataException("it has no first part");
    }

    /// <summary>The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1), so each is written before the next line.</summary>
    private static void CopyContent(Stream lines, byte[] mark, Stream content)
    {
        List<byte> line = [];
        var isLineStart = true;
        var isFirst = true;
        while (ReadPiece(lines, line, out var hasEnded))
        {
            if (isLineStart && StartsWith(line, mark))
            {
                return;
            }
            if (isLineStart && !isFirst)
            {
                content.Write("\r\n"u8);
            }
            content.Write(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(line));
            isFirst = false;
            isLineStart = hasEnded;
        }
        throw new InvalidDataException("its first part does not end");
    }

    /// <summary>One line without its end, or a piece of a long one; false at the end of the file.</summary>
    private static bool ReadPiece(Stream lines, List<byte> line, out bool hasEnded)
    {
        line.Clear();
        hasEnded = false;
        while (line.Count < MaxPieceBytes)
        {
            var next = lines.ReadByte();
            if (next is -1 or '\n')
            {
                hasEnded = next == '\n';
                if (hasEnded && line.Count > 0 && line[^1] == '\r')
                {
                    line.RemoveAt(line.Count - 1);
                }
                return hasEnded || line.Count > 0;
            }
            line.Add((byte)next);
        }
        return true;
    }

    private static bool StartsWith(List<byte> line, byte[] mark) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(line).StartsWith(mark);
}
