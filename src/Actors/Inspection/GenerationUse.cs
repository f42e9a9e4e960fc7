namespace TlsGateway.Actors.Inspection;

/// <summary>How many connections still go by one generation of the configuration on one listener.</summary>
public sealed record GenerationUse(int Generation, string Listener, int Connections);
