namespace TlsGateway.Kubernetes.Manifests.Shapes;

/// <summary>What a value of a manifest has to look like.</summary>
internal abstract record FieldShape
{
    public static FieldShape Text { get; } = new ScalarShape(ScalarKind.Text);
    public static FieldShape Number { get; } = new ScalarShape(ScalarKind.Integer);
    public static FieldShape Switch { get; } = new ScalarShape(ScalarKind.Boolean);
    public static FieldShape NumberOrText { get; } = new ScalarShape(ScalarKind.NumberOrText);

    /// <summary>Not looked into.</summary>
    public static FieldShape Anything { get; } = new AnyShape();

    public static FieldShape ListOf(FieldShape item) => new ListShape(item);

    public static FieldShape MapOf(FieldShape value) => new MapShape(value);

    /// <summary>Known keys; those that end with ! must be there.</summary>
    public static ObjectShape Object(params (string Key, FieldShape Shape)[] fields) =>
        new(
            new(() =>
                new ObjectFields(
                    fields.ToDictionary(static field => field.Key.TrimEnd('!'), static field => field.Shape, StringComparer.Ordinal),
                    [.. fields.Where(static field => field.Key.EndsWith('!')).Select(static field => field.Key.TrimEnd('!'))]
                )
            )
        );
}

internal enum ScalarKind
{
    Text,
    Integer,
    Number,
    Boolean,
    NumberOrText,
}

internal sealed record ScalarShape(ScalarKind Kind) : FieldShape;

internal sealed record ListShape(FieldShape Item) : FieldShape;

internal sealed record MapShape(FieldShape Value) : FieldShape;

internal sealed record AnyShape : FieldShape;

internal sealed record ObjectFields(IReadOnlyDictionary<string, FieldShape> Known, IReadOnlyList<string> Required);

/// <summary>Fields are found when they are asked for: classes refer to themselves.</summary>
internal sealed record ObjectShape(Lazy<ObjectFields> Fields) : FieldShape
{
    // Of what a record compares and prints, a lazy one would be made.
    public bool Equals(ObjectShape? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    public override string ToString() => nameof(ObjectShape);
}
