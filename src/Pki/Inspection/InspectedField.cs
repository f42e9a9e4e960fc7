namespace TlsGateway.Pki.Inspection;

/// <summary>One thing to know about an item.</summary>
/// <param name="Name">As JSON names it: camel case.</param>
/// <param name="Label">As people read it.</param>
/// <param name="Value">A string, a long, a bool, or a list of strings.</param>
public sealed record InspectedField(string Name, string Label, object Value);
