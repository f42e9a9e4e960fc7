namespace TlsGateway.Gateway.Configuration;

/// <summary>Collects every problem of one file, so that the operator sees all of them at once. Not thread-safe.</summary>
internal sealed class ConfigurationProblems(string file)
{
    private readonly List<ConfigurationProblem> _problems = [];

    public bool HasErrors => _problems.Exists(static problem => problem.Severity == ProblemSeverity.Error);

    public void Error(SourcePosition position, string message) => _problems.Add(new(ProblemSeverity.Error, file, position, message));

    public void Warning(SourcePosition position, string message) => _problems.Add(new(ProblemSeverity.Warning, file, position, message));

    /// <summary>All problems in the order of the file.</summary>
    public IReadOnlyList<ConfigurationProblem> InFileOrder() => [.. _problems.OrderBy(static problem => problem.Position)];
}
