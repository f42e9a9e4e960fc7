using System.Text;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>What a program wrote to one stream, with a place up to which a test has read it.</summary>
internal sealed class Transcript
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private TaskCompletionSource _changed = NewSignal();
    private int _seen;
    private bool _ended;

    /// <summary>All of it so far.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
                return _text.ToString();
        }
    }

    /// <summary>Copies <paramref name="source"/> until its end.</summary>
    public async Task FillAsync(StreamReader source)
    {
        var buffer = new char[4096];
        int read;
        while ((read = await source.ReadAsync(buffer)) > 0)
            Change(() => _text.Append(buffer, 0, read));
        Change(() => _ended = true);
    }

    /// <summary>Waits for <paramref name="expected"/> after what an earlier call has found; false when the stream ended without it.</summary>
    public async Task<bool> FindAsync(string expected)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                var at = _text.ToString(_seen, _text.Length - _seen).IndexOf(expected, StringComparison.Ordinal);
                if (at >= 0)
                {
                    _seen += at + expected.Length;
                    return true;
                }

                if (_ended)
                    return false;
                changed = _changed.Task;
            }

            await changed;
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            change();
            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
