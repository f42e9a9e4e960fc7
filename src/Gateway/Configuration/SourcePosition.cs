namespace TlsGateway.Gateway.Configuration;

/// <summary>Where in the configuration file something stands. Lines and columns count from 1, as editors do.</summary>
internal readonly record struct SourcePosition(int Line, int Column) : IComparable<SourcePosition>
{
    /// <summary>The file as a whole: for what is missing from it.</summary>
    public static SourcePosition Start { get; } = new(1, 1);

    public int CompareTo(SourcePosition other) => Line != other.Line ? Line.CompareTo(other.Line) : Column.CompareTo(other.Column);

    public override string ToString() => $"{Line}:{Column}";
}
