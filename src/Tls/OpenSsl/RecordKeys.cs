using System.Security.Cryptography;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// One direction's traffic secret and the AEAD keyed from it (RFC 8446 §5.2, §5.3, §7.3). Lives in native memory: always used in place, never copied. The secret is
/// there as soon as OpenSSL derived it, the cipher from <see cref="TryBegin"/> to <see cref="Release"/>, which clears all.
/// </summary>
internal unsafe struct RecordKeys
{
    public const int HeaderBytes = 5;
    public const int TagBytes = 16;

    /// <summary>Bytes of a record beyond its content, without padding: header, content type, tag.</summary>
    public const int OverheadBytes = HeaderBytes + 1 + TagBytes;

    private const int NonceBytes = 12;
    private const int MaxKeyBytes = 32;
    private const byte ApplicationData = 23;

    private nint _context;
    private ulong _sequence;
    private RecordCipher _cipher;
    private int _secretBytes;
    private fixed byte _iv[NonceBytes];
    private fixed byte _secret[KeySchedule.MaxHashBytes];

    public readonly bool HasSecret => _secretBytes > 0;

    private readonly bool IsSha384 => _secretBytes == KeySchedule.HashBytes(sha384: true);

    public void TakeSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != KeySchedule.HashBytes(sha384: true) && secret.Length != KeySchedule.HashBytes(sha384: false))
        {
            return;
        }
        fixed (byte* start = _secret)
        {
            secret.CopyTo(new Span<byte>(start, KeySchedule.MaxHashBytes));
        }
        _secretBytes = secret.Length;
    }

    /// <summary>Makes the cipher. False when libcrypto refuses; then nothing has changed for the peer.</summary>
    /// <param name="cipher">The suite's AEAD.</param>
    /// <param name="encrypt">This is the direction that is sent.</param>
    /// <param name="sequence">Records that OpenSSL protected with this secret's keys before.</param>
    public bool TryBegin(RecordCipher cipher, bool encrypt, ulong sequence)
    {
        nint context = LibCrypto.EVP_CIPHER_CTX_new();
        if (context == 0 || LibCrypto.EVP_CipherInit_ex(context, cipher.Algorithm, 0, null, null, encrypt ? 1 : 0) != 1)
        {
            LibCrypto.EVP_CIPHER_CTX_free(context);
            LibCrypto.ERR_clear_error();
            return false;
        }
        _context = context;
        _cipher = cipher;
        Rekey();
        _sequence = sequence;
        return true;
    }

    /// <summary>RFC 8446 §7.2: the next generation of the secret, and its keys.</summary>
    public void Update()
    {
        fixed (byte* secret = _secret)
        {
            byte* next = stackalloc byte[KeySchedule.MaxHashBytes];
            KeySchedule.ExpandLabel(IsSha384, new(secret, _secretBytes), "traffic upd"u8, new Span<byte>(next, _secretBytes));
            new ReadOnlySpan<byte>(next, _secretBytes).CopyTo(new Span<byte>(secret, _secretBytes));
            CryptographicOperations.ZeroMemory(new Span<byte>(next, KeySchedule.MaxHashBytes));
        }
        Rekey();
    }

    /// <summary>
    /// Writes one record of <paramref name="length"/> bytes of content, <see cref="OverheadBytes"/> more in all, to <paramref name="record"/>.
    /// </summary>
    /// <returns>False when libcrypto failed: nothing may be sent.</returns>
    public bool Seal(byte contentType, byte* content, int length, byte* record)
    {
        int fragment = length + 1 + TagBytes;
        record[0] = ApplicationData;
        record[1] = 3;
        record[2] = 3;
        record[3] = (byte)(fragment >> 8);
        record[4] = (byte)fragment;
        byte* nonce = stackalloc byte[NonceBytes];
        TakeNonce(nonce);
        byte* body = record + HeaderBytes;
        int written;
        return LibCrypto.EVP_CipherInit_nonce(_context, 0, 0, null, nonce, -1) == 1
            && LibCrypto.EVP_CipherUpdate_short(_context, null, &written, record, HeaderBytes) == 1
            && (length == 0 || LibCrypto.EVP_CipherUpdate(_context, body, &written, content, length) == 1)
            && LibCrypto.EVP_CipherUpdate_short(_context, body + length, &written, &contentType, 1) == 1
            && LibCrypto.EVP_CipherFinal_ex(_context, body + length + 1, &written) == 1
            && LibCrypto.EVP_CIPHER_CTX_ctrl(_context, LibCrypto.EVP_CTRL_AEAD_GET_TAG, TagBytes, body + length + 1) == 1;
    }

    /// <summary>
    /// Checks and decrypts one record. <paramref name="fragment"/> less <see cref="TagBytes"/> bytes go to <paramref name="content"/>, which may be the
    /// record's own place; they are the peer's only if this is true.
    /// </summary>
    public bool Open(byte* record, int fragment, byte* content)
    {
        byte* nonce = stackalloc byte[NonceBytes];
        TakeNonce(nonce);
        byte* body = record + HeaderBytes;
        int inner = fragment - TagBytes;
        int written;
        return LibCrypto.EVP_CipherInit_nonce(_context, 0, 0, null, nonce, -1) == 1
            && LibCrypto.EVP_CIPHER_CTX_ctrl(_context, LibCrypto.EVP_CTRL_AEAD_SET_TAG, TagBytes, body + inner) == 1
            && LibCrypto.EVP_CipherUpdate_short(_context, null, &written, record, HeaderBytes) == 1
            && LibCrypto.EVP_CipherUpdate(_context, content, &written, body, inner) == 1
            && LibCrypto.EVP_CipherFinal_ex(_context, content + inner, &written) == 1;
    }

    /// <summary>Frees the cipher and clears the keys.</summary>
    public void Release()
    {
        if (_context != 0)
        {
            LibCrypto.EVP_CIPHER_CTX_free(_context);
        }
        fixed (RecordKeys* all = &this)
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(all, sizeof(RecordKeys)));
        }
    }

    /// <summary>RFC 8446 §7.3: key and IV of the present secret; §5.3: the sequence number starts again.</summary>
    private void Rekey()
    {
        byte* key = stackalloc byte[MaxKeyBytes];
        fixed (
            byte* secret = _secret,
                iv = _iv
        )
        {
            ReadOnlySpan<byte> from = new(secret, _secretBytes);
            KeySchedule.ExpandLabel(IsSha384, from, "key"u8, new Span<byte>(key, _cipher.KeyBytes));
            KeySchedule.ExpandLabel(IsSha384, from, "iv"u8, new Span<byte>(iv, NonceBytes));
        }
        int keyed = LibCrypto.EVP_CipherInit_ex(_context, 0, 0, key, null, -1);
        CryptographicOperations.ZeroMemory(new Span<byte>(key, MaxKeyBytes));
        if (keyed != 1)
        {
            throw new InvalidOperationException("libcrypto refused a key of the cipher's own length");
        }
        _sequence = 0;
    }

    /// <summary>RFC 8446 §5.3: the IV, its last eight bytes xored with the record's sequence number.</summary>
    private void TakeNonce(byte* nonce)
    {
        fixed (byte* iv = _iv)
        {
            *(uint*)nonce = *(uint*)iv;
            ulong sequence = BitConverter.IsLittleEndian ? System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(_sequence) : _sequence;
            *(ulong*)(nonce + 4) = *(ulong*)(iv + 4) ^ sequence;
        }
        _sequence++;
    }
}
