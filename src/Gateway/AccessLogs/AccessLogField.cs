using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using TlsGateway.Actors.Events;

namespace TlsGateway.Gateway.AccessLogs;

/// <summary>One thing that the access log can say of a connection.</summary>
/// <param name="Name">In templates and in JSON.</param>
/// <param name="Description">For the documentation.</param>
internal abstract record AccessLogField(string Name, string Description)
{
    private protected const byte None = (byte)'-';

    private protected JsonEncodedText Key { get; } = JsonEncodedText.Encode(Name);

    /// <summary>A property of the object that is being written; nothing where the connection has none.</summary>
    public abstract void WriteJson(ConnectionEnd end, Utf8JsonWriter json);

    /// <summary>A word without spaces; a dash where the connection has none.</summary>
    public abstract void WriteText(ConnectionEnd end, IBufferWriter<byte> text);

    private protected static void Append(IBufferWriter<byte> text, byte one)
    {
        text.GetSpan(1)[0] = one;
        text.Advance(1);
    }

    /// <summary>Text that a peer may have chosen: what is not plain is quoted and escaped, so that a line stays a line and a word a word.</summary>
    internal sealed record Word(string Name, string Description, Func<ConnectionEnd, string?> Of) : AccessLogField(Name, Description)
    {
        private static readonly SearchValues<char> Plain = SearchValues.Create([
            .. Enumerable.Range('!', '~' - '!' + 1).Select(static c => (char)c).Where(static c => c is not ('"' or '\\')),
        ]);

        public override void WriteJson(ConnectionEnd end, Utf8JsonWriter json)
        {
            if (Of(end) is { Length: > 0 } value)
            {
                json.WriteString(Key, value);
            }
        }

        public override void WriteText(ConnectionEnd end, IBufferWriter<byte> text)
        {
            var value = Of(end);
            if (string.IsNullOrEmpty(value))
            {
                Append(text, None);
            }
            else if (!value.AsSpan().ContainsAnyExcept(Plain))
            {
                Encoding.ASCII.GetBytes(value, text);
            }
            else
            {
                Append(text, (byte)'"');
                text.Write(JsonEncodedText.Encode(value).EncodedUtf8Bytes);
                Append(text, (byte)'"');
            }
        }
    }

    internal sealed record Number(string Name, string Description, Func<ConnectionEnd, long> Of) : AccessLogField(Name, Description)
    {
        public override void WriteJson(ConnectionEnd end, Utf8JsonWriter json) => json.WriteNumber(Key, Of(end));

        public override void WriteText(ConnectionEnd end, IBufferWriter<byte> text)
        {
            const int MaxDigits = 20;
            _ = Utf8Formatter.TryFormat(Of(end), text.GetSpan(MaxDigits), out var written);
            text.Advance(written);
        }
    }

    /// <summary>Seconds with six decimals.</summary>
    internal sealed record Seconds(string Name, string Description, Func<ConnectionEnd, TimeSpan?> Of) : AccessLogField(Name, Description)
    {
        private const int Decimals = 6;
        private const int MaxBytes = 32;
        private const long MicrosInSecond = 1_000_000;

        public override void WriteJson(ConnectionEnd end, Utf8JsonWriter json)
        {
            if (Of(end) is { } value)
            {
                Span<byte> number = stackalloc byte[MaxBytes];
                var written = Write(value, number);
                json.WritePropertyName(Key);
                // Zeros at the end say nothing.
                json.WriteRawValue(number[..written].TrimEnd((byte)'0').TrimEnd((byte)'.'), skipInputValidation: true);
            }
        }

        public override void WriteText(ConnectionEnd end, IBufferWriter<byte> text)
        {
            if (Of(end) is not { } value)
            {
                Append(text, None);
                return;
            }
            text.Advance(Write(value, text.GetSpan(MaxBytes)));
        }

        /// <summary>With all decimals. Whole numbers, since the text of a floating-point one costs several times as much, and a line has ten of them.</summary>
        /// <param name="value">Less than nothing is nothing.</param>
        /// <param name="text">For <see cref="MaxBytes"/>.</param>
        /// <returns>Bytes written.</returns>
        private static int Write(TimeSpan value, Span<byte> text)
        {
            var (seconds, micros) = Math.DivRem(
                (Math.Max(0, value.Ticks) + (TimeSpan.TicksPerMicrosecond / 2)) / TimeSpan.TicksPerMicrosecond,
                MicrosInSecond
            );
            _ = Utf8Formatter.TryFormat(seconds, text, out var whole);
            text[whole] = (byte)'.';
            _ = Utf8Formatter.TryFormat(micros, text[(whole + 1)..], out var parts, new StandardFormat('D', Decimals));
            return whole + 1 + parts;
        }
    }
}
