using System.Text;

namespace TlsGateway.Gateway.Tests.Support;

/// <summary>Collects what a program prints and tells when a line has come.</summary>
internal sealed class LineWriter : TextWriter
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private readonly List<(string Part, TaskCompletionSource<string> Found)> _waiting = [];

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (_lock)
        {
            _text.Append(value);
            if (value == '\n')
            {
                CompleteWaiting();
            }
        }
    }

    /// <summary>The first whole line that holds <paramref name="part"/>.</summary>
    public Task<string> WaitForLineAsync(string part)
    {
        TaskCompletionSource<string> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Add((part, found));
            CompleteWaiting();
        }
        return found.Task;
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return _text.ToString();
        }
    }

    private void CompleteWaiting()
    {
        var lines = _text.ToString().Split('\n')[..^1];
        foreach (var (part, found) in _waiting)
        {
            if (Array.Find(lines, line => line.Contains(part, StringComparison.Ordinal)) is { } line)
            {
                found.TrySetResult(line);
            }
        }
    }
}
