using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace TlsGateway.Actors.Routing;

/// <summary>
/// Server names, as operators of nginx write them: <c>www.example.com</c> itself, <c>*.example.com</c> for every name below it at any depth, <c>~REGEX</c> for a
/// regular expression that is searched for in the name. Names are compared in lower case. Immutable; any thread.
/// </summary>
/// <remarks>Expressions run in time linear in the name (<see cref="RegexOptions.NonBacktracking"/>): no name that a client makes up can hold a loop.</remarks>
public sealed class NamePatterns
{
    private const int LongestPattern = 512;

    private static readonly SearchValues<char> s_nameCharacters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
    );

    private readonly HashSet<string> _exact = new(StringComparer.Ordinal);
    private readonly HashSet<string> _below = new(StringComparer.Ordinal);
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _belowSpans;
    private readonly List<Regex> _expressions = [];

    private NamePatterns(IReadOnlyList<string> texts)
    {
        Texts = texts;
        _belowSpans = _below.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>As they were written.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>Reads patterns; false with what is wrong with which, in words that complete "'text', …".</summary>
    public static bool TryParse(
        IReadOnlyList<string> texts,
        [NotNullWhen(true)] out NamePatterns? patterns,
        out int wrong,
        out string problem
    )
    {
        var made = new NamePatterns(texts);
        patterns = null;
        for (wrong = 0; wrong < texts.Count; wrong++)
        {
            if (!made.TryAdd(texts[wrong], out problem))
                return false;
        }

        problem = "";
        patterns = made;
        return true;
    }

    /// <param name="name">Lower case, without a last dot; "" (the client named none) matches no pattern.</param>
    public bool Match(string name)
    {
        if (name.Length == 0)
            return false;
        if (_exact.Contains(name) || (_below.Count > 0 && IsBelow(name)))
            return true;
        foreach (var expression in _expressions)
        {
            if (expression.IsMatch(name))
                return true;
        }

        return false;
    }

    private bool IsBelow(ReadOnlySpan<char> name)
    {
        for (var dot = name.IndexOf('.'); dot >= 0; dot = name.IndexOf('.'))
        {
            name = name[(dot + 1)..];
            if (_belowSpans.Contains(name))
                return true;
        }

        return false;
    }

    private bool TryAdd(string text, out string problem)
    {
        problem = "";
        if (text.Length > LongestPattern)
            problem = $"which is longer than {LongestPattern} characters";
        else if (text.StartsWith('~'))
            return TryAddExpression(text[1..], out problem);
        else if (text.StartsWith("*.", StringComparison.Ordinal) && IsName(text.AsSpan(2)))
            _below.Add(text[2..].ToLowerInvariant());
        else if (IsName(text))
            _exact.Add(text.ToLowerInvariant());
        else
            problem =
                "which is neither a name (www.example.com), nor all names below one (*.example.com), nor an expression (~^api-[0-9]+)";
        return problem.Length == 0;
    }

    private bool TryAddExpression(string text, out string problem)
    {
        problem = "";
        try
        {
            _expressions.Add(new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase));
        }
        catch (ArgumentException wrong)
        {
            problem = $"which is no regular expression: {wrong.Message}";
        }
        catch (NotSupportedException)
        {
            problem = "which needs an engine whose time has no bound (look-around, back references, or too large). Write it without";
        }

        return problem.Length == 0;
    }

    private static bool IsName(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= 253
        && !text.EndsWith('.')
        && text.IndexOfAnyExcept(s_nameCharacters) < 0
        && text.IndexOf("..", StringComparison.Ordinal) < 0
        && text[0] != '.';
}
