namespace TlsGateway.Actors.Connections;

/// <summary>What a client gets that speaks plain HTTP to the TLS port, as nginx answers it: short, and it says what to do.</summary>
internal static class PlainHttpAnswer
{
    public static ReadOnlySpan<byte> Bytes =>
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 62\r\nConnection: close\r\n\r\nThis port speaks TLS: plain HTTP was sent to it. Use https://\n"u8;
}
