using TlsGateway.Tls.Tickets;

namespace TlsGateway.Gateway.Tickets;

/// <summary>Where ticket keys come from.</summary>
/// <param name="File">Absolute; null: made and rotated here.</param>
/// <param name="RotateEvery">Time between new keys, without a file.</param>
/// <param name="Keep">Old keys that still open tickets, without a file.</param>
internal sealed record TicketKeySettings(string? File, TimeSpan RotateEvery, int Keep)
{
    public static TicketKeySettings Default { get; } = new(null, TimeSpan.FromHours(12), Keep: 1);
}
