using System.Text;

namespace TlsGateway.Gateway.Configuration.Reading;

/// <summary>
/// Puts environment variables into a value: <c>${NAME}</c>, <c>${NAME:-default}</c> (the default also stands in for an empty variable, as in a
/// shell), <c>$${</c> for the two characters themselves. What is put in is not looked at again.
/// </summary>
internal static class EnvironmentSubstitution
{
    /// <summary>False with a <paramref name="problem"/> when a variable is not set or the braces are broken.</summary>
    public static bool TryExpand(string text, Func<string, string?> getVariable, out string expanded, out string problem)
    {
        problem = "";
        expanded = text;
        if (!text.Contains("${", StringComparison.Ordinal))
        {
            return true;
        }
        StringBuilder result = new(text.Length);
        var rest = text.AsSpan();
        while (rest.IndexOf("${", StringComparison.Ordinal) is var start and >= 0)
        {
            if (start > 0 && rest[start - 1] == '$')
            {
                result.Append(rest[..(start - 1)]).Append("${");
                rest = rest[(start + 2)..];
                continue;
            }
            result.Append(rest[..start]);
            var end = rest[start..].IndexOf('}');
            if (end < 0)
            {
                problem = "has ${ without a closing }. Write $${ if you mean these two characters.";
                return false;
            }
            if (!TryResolve(rest.Slice(start + 2, end - 2), getVariable, result, out problem))
            {
                return false;
            }
            rest = rest[(start + end + 1)..];
        }
        expanded = result.Append(rest).ToString();
        return true;
    }

    private static bool TryResolve(
        ReadOnlySpan<char> reference,
        Func<string, string?> getVariable,
        StringBuilder result,
        out string problem
    )
    {
        problem = "";
        var separator = reference.IndexOf(":-", StringComparison.Ordinal);
        var name = (separator < 0 ? reference : reference[..separator]).ToString();
        if (!IsName(name))
        {
            problem =
                $"has ${{{name}}}, which is not the name of a variable. Names have letters, digits and _ and do not begin with a digit.";
            return false;
        }
        var value = getVariable(name);
        if (separator >= 0 && string.IsNullOrEmpty(value))
        {
            result.Append(reference[(separator + 2)..]);
            return true;
        }
        if (value is null)
        {
            problem = $"needs the environment variable {name}, which is not set. Set it, or give a default: ${{{name}:-value}}.";
            return false;
        }
        result.Append(value);
        return true;
    }

    private static bool IsName(string name) =>
        name.Length > 0
        && !char.IsAsciiDigit(name[0])
        && name.All(static character => char.IsAsciiLetterOrDigit(character) || character == '_');
}
