namespace TlsGateway.Kubernetes.Manifests;

/// <summary>One thing that is wrong in manifests.</summary>
/// <param name="File">The file as the caller named it.</param>
/// <param name="Line">From 1.</param>
/// <param name="Document">Kind and name of the object, such as <c>Service gateway</c>; or its number in the file.</param>
/// <param name="Path">Where in it, such as <c>spec.ports[0].targetPort</c>; empty: the whole.</param>
/// <param name="Message">What is wrong, and what to do. Never holds a value of a Secret.</param>
public sealed record ManifestProblem(string File, int Line, string Document, string Path, string Message)
{
    /// <summary><c>file:line: document: path: message</c>, the form that editors and CI logs turn into links.</summary>
    public override string ToString() => $"{File}:{Line}: {Document}: {(Path.Length == 0 ? "" : Path + ": ")}{Message}";
}
