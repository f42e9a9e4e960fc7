using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>BouncyCastle's client with half-close and with the events that limits count.</summary>
internal sealed class ClientProtocol(EngineEvents events) : TlsClientProtocol, IEngineProtocol
{
    public TlsProtocol Protocol => this;

    public void SendKeyUpdate(bool askPeer) => Send13KeyUpdate(askPeer);

    public void SendCloseNotify() => RaiseAlertWarning(AlertDescription.close_notify, null);

    public void SendFatalAlert(short description, string detail) => HandleException(description, detail, new TlsFatalAlert(description));

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
