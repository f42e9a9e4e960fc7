using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>BouncyCastle's client with half-close and with the events that limits count.</summary>
internal sealed class ClientProtocol(BouncyCastleContext context, EngineEvents events, TlsServerTarget target)
    : TlsClientProtocol,
        IEngineProtocol
{
    private bool _tookTicket;

    public TlsProtocol Protocol => this;

    public void Start() => Connect(new ClientPeer(context, events, target));

    public void SendKeyUpdate(bool askPeer) => Send13KeyUpdate(askPeer);

    public void SendCloseNotify() => RaiseAlertWarning(AlertDescription.close_notify, null);

    public void SendFatalAlert(short description, string detail) => HandleException(description, detail, new TlsFatalAlert(description));

    /// <summary>A server may renew its ticket in a resumed handshake (RFC 5077 §3.1, figure 2), for which BouncyCastle has no state.</summary>
    protected override void HandleHandshakeMessage(short type, HandshakeMessageInput buf)
    {
        if (
            type == HandshakeType.new_session_ticket
            && Context.SecurityParameters is { IsResumedSession: true }
            && !events.IsHandshakeComplete
            && !_tookTicket
        )
        {
            _tookTicket = true;
            ReceiveNewSessionTicket(buf);
            return;
        }
        base.HandleHandshakeMessage(type, buf);
    }

    protected override void Send13KeyUpdate(bool updateRequested)
    {
        base.Send13KeyUpdate(updateRequested);
        events.OnKeyUpdateSent();
    }

    protected override void Receive13KeyUpdate(MemoryStream buf)
    {
        events.OnKeyUpdateReceived();
        base.Receive13KeyUpdate(buf);
    }

    protected override void RefuseRenegotiation()
    {
        events.OnRehandshakeRefused();
        base.RefuseRenegotiation();
    }

    protected override void HandleAlertWarningMessage(short alertDescription)
    {
        if (alertDescription == AlertDescription.close_notify && events.IsHandshakeComplete)
        {
            // The base answers and closes both directions; here the other one may stay open (RFC 8446 §6.1).
            events.IsPeerClosed = true;
            return;
        }
        base.HandleAlertWarningMessage(alertDescription);
    }
}
