using Akka.IO;
using Akka.Streams;
using Akka.Streams.Stage;
using TlsGateway.Tls;

namespace TlsGateway.Streams;

/// <summary>The stage behind <see cref="TlsBidiFlow"/>.</summary>
internal sealed class TlsStage(ITlsContext context, TlsFlowOptions options, bool isReversed)
    : GraphStageWithMaterializedValue<BidiShape<ByteString, ByteString, ByteString, ByteString>, Task<TlsSessionInfo>>
{
    public Inlet<ByteString> PlainIn { get; } = new("TlsStage.plainIn");

    public Outlet<ByteString> CipherOut { get; } = new("TlsStage.cipherOut");

    public Inlet<ByteString> CipherIn { get; } = new("TlsStage.cipherIn");

    public Outlet<ByteString> PlainOut { get; } = new("TlsStage.plainOut");

    public override BidiShape<ByteString, ByteString, ByteString, ByteString> Shape =>
        field ??= isReversed ? new(CipherIn, PlainOut, PlainIn, CipherOut) : new(PlainIn, CipherOut, CipherIn, PlainOut);

    public override ILogicAndMaterializedValue<Task<TlsSessionInfo>> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        TlsStageLogic logic = new(this, context, options);
        return new LogicAndMaterializedValue<Task<TlsSessionInfo>>(logic, logic.Negotiated);
    }
}
