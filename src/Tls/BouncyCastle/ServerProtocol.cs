using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>BouncyCastle's server with half-close, with tickets, and with the events that limits count.</summary>
internal sealed class ServerProtocol(BouncyCastleContext context, EngineEvents events) : TlsServerProtocol, IEngineProtocol
{
    private readonly HandshakeCrypto _crypto = new();
    private ServerPeer? _peer;

    public TlsProtocol Protocol => this;

    public void Start()
    {
        _peer = new ServerPeer(context, events, _crypto);
        Accept(_peer);
    }

    /// <summary>Sends a NewSessionTicket message, in as many records as the client's max_fragment_length asks for.</summary>
    public void SendTicket(ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty)
        {
            int length = Math.Min(message.Length, ApplicationDataLimit);
            SafeWriteRecord(ContentType.handshake, message[..length]);
            message = message[length..];
        }
    }

    public EarlyDataFilter.Verdict Judge(EarlyDataFilter filter, ReadOnlySpan<byte> record) =>
        filter.Judge(record, Context.SecurityParameters);

    public void SendKeyUpdate(bool askPeer) => Send13KeyUpdate(askPeer);

    public void SendCloseNotify() => RaiseAlertWarning(AlertDescription.close_notify, null);

    public void SendFatalAlert(short description, string detail) => HandleException(description, detail, new TlsFatalAlert(description));

    protected override ClientHello ReceiveClientHelloMessage(MemoryStream buf)
    {
        ClientHello hello = base.ReceiveClientHelloMessage(buf);
        _peer!.OnHello(hello.Extensions);
        return hello;
    }

    /// <summary>In a resumed TLS 1.2 handshake a renewed ticket goes before it (RFC 5077 §3.1, figure 2).</summary>
    protected override void SendChangeCipherSpec()
    {
        if (_peer!.IsRenewing)
        {
            SendNewSessionTicketMessage(_peer.GetNewSessionTicket());
        }
        base.SendChangeCipherSpec();
    }

    protected override void CompleteHandshake()
    {
        if (TlsUtilities.IsTlsV13(Context))
        {
            _peer!.MakeTickets(_crypto.Transcript);
        }
        base.CompleteHandshake();
        _crypto.Transcript = null;
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
