using TlsGateway.Tls;

namespace TlsGateway.Actors.Sessions;

/// <summary>What a session says of itself after a call; the machine never sees the session.</summary>
public readonly record struct SessionFacts(
    bool RxBuffered,
    bool MidRecord,
    bool TxPending,
    bool Rehandshaking,
    bool MustReadFirst,
    TlsFailure Failure
)
{
    public static SessionFacts Of(ITlsSession session, bool failed) =>
        new(
            session.RxBuffered > 0,
            session.IsMidRecord,
            !session.TxPending.IsEmpty,
            session.IsRehandshaking,
            session.MustReadFirst,
            failed ? session.Failure : default
        );
}
