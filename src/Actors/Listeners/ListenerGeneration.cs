using TlsGateway.Actors.Settings;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Listeners;

/// <summary>What a listener gives the connections that it accepts; a reload makes a new one, connections keep theirs.</summary>
public sealed record ListenerGeneration(int Number, ListenerSettings Settings, ITlsContext Context);
