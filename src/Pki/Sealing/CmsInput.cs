namespace TlsGateway.Pki.Sealing;

/// <summary>Finds a CMS structure in a file, whatever it is wrapped in: S/MIME, PEM, or nothing.</summary>
internal static class CmsInput
{
    private const int MaxPemPreambleBytes = 64 * 1024;

    /// <summary>id-signedData, 1.2.840.113549.1.7.2, as DER.</summary>
    private static ReadOnlySpan<byte> SignedDataOid => [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];

    /// <summary>The structure's own bytes, from a stream that can seek and stands at its start.</summary>
    /// <exception cref="PkiException">There is none.</exception>
    public static Stream Open(Stream file)
    {
        var first = file.ReadByte();
        file.Position = 0;
        switch (first)
        {
            case 0x30:
                return file;
            case '-':
                SkipPemLine(file);
                return new Base64BodyStream(file);
            default:
                if (MimeHeader.Read(file) is { IsPkcs7: true } header)
                {
                    return header.IsBase64 ? new Base64BodyStream(file) : file;
                }
                throw new PkiException("The file is not sealed: it is neither S/MIME nor PEM nor DER of CMS. Name another file.");
        }
    }

    /// <summary>What a decrypted file is; the stream stands at its start afterwards.</summary>
    public static (SignedForm Form, MimeHeader? Header) Recognise(Stream file)
    {
        Span<byte> start = stackalloc byte[32];
        var read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        file.Position = 0;
        if (read > 0 && start[0] == 0x30 && start[..read].IndexOf(SignedDataOid) is >= 2 and <= 8)
        {
            return (SignedForm.Structure, null);
        }
        var header = MimeHeader.Read(file);
        file.Position = 0;
        return header switch
        {
            { MediaType: "multipart/signed" } when header.Parameters.ContainsKey("boundary") => (SignedForm.Multipart, header),
            { IsPkcs7: true } when header.Parameters.GetValueOrDefault("smime-type", "signed-data") == "signed-data" => (
                SignedForm.Entity,
                header
            ),
            _ => (SignedForm.None, header),
        };
    }

    private static void SkipPemLine(Stream file)
    {
        for (var skipped = 0; skipped < MaxPemPreambleBytes; skipped++)
        {
            if (file.ReadByte() is '\n' or -1)
            {
                return;
            }
        }
        throw new PkiException("The file's first line does not end. Name another file.");
    }
}
