namespace TlsGateway.Gateway.Configuration;

internal enum ProblemSeverity
{
    /// <summary>The configuration is refused.</summary>
    Error,

    /// <summary>The configuration is used, and the operator should know.</summary>
    Warning,
}

/// <summary>One thing that is wrong in a configuration file.</summary>
/// <param name="Severity">Whether it is refused.</param>
/// <param name="File">The file as the operator named it.</param>
/// <param name="Position">Where it stands.</param>
/// <param name="Message">What is wrong, and what to do. Never holds the value of an environment variable that may be secret, nor key material.</param>
internal sealed record ConfigurationProblem(ProblemSeverity Severity, string File, SourcePosition Position, string Message)
{
    /// <summary><c>file:line:column: message</c>, the form that editors and CI logs turn into links.</summary>
    public override string ToString() => $"{File}:{Position}: {(Severity == ProblemSeverity.Warning ? "warning: " : "")}{Message}";
}
