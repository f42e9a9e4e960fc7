using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
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

        public override void WriteJson(ConnectionEnd end, Utf8JsonWriter json)
        {
            if (Of(end) is { } value)
            {
                json.WriteNumber(Key, Math.Round(value.TotalSeconds, Decimals));
            }
        }

        public override void WriteText(ConnectionEnd end, IBufferWriter<byte> text)
        {
            if (Of(end) is not { } value)
            {
                Append(text, None);
                return;
            }
            _ = value.TotalSeconds.TryFormat(text.GetSpan(MaxBytes), out var written, "F6", CultureInfo.InvariantCulture);
            text.Advance(written);
        }
    }
}
