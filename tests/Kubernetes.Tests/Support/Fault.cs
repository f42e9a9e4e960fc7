using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace TlsGateway.Kubernetes.Tests.Support;

/// <summary>What an API server does in the place of what it should. True: that was the answer; false: it goes on as it should.</summary>
internal delegate Task<bool> Fault(HttpContext context);

/// <summary>Those that there are.</summary>
internal static class Faults
{
    /// <summary>An error, with a Status object.</summary>
    public static Fault Status(int code, string message, int? retryAfterSeconds = null) =>
        async context =>
        {
            if (retryAfterSeconds is { } seconds)
            {
                context.Response.Headers.RetryAfter = seconds.ToString();
            }
            await FakeApiServer.AnswerStatusAsync(context, code, message);
            return true;
        };

    /// <summary>200 with that body.</summary>
    public static Fault Body(string body) =>
        async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
            return true;
        };

    /// <summary>200 with more bytes than are taken, whose number is not said before.</summary>
    public static Fault Flood(int bytes) =>
        async context =>
        {
            var piece = Encoding.UTF8.GetBytes(new string('x', 4096));
            for (var sent = 0; sent < bytes && !context.RequestAborted.IsCancellationRequested; sent += piece.Length)
            {
                await context.Response.Body.WriteAsync(piece);
            }
            return true;
        };

    /// <summary>Ends the connection, or the stream, without an answer.</summary>
    public static Fault Cut() =>
        context =>
        {
            context.Abort();
            return Task.FromResult(true);
        };

    /// <summary>The beginning of an answer, and then nothing.</summary>
    public static Fault Stall() =>
        async context =>
        {
            await context.Response.Body.WriteAsync("{\"kind\":"u8.ToArray());
            await context.Response.Body.FlushAsync();
            await context.RequestAborted.WhenCancelledAsync();
            return true;
        };

    /// <summary>Does what it should, but the answer gets lost.</summary>
    public static Fault LoseTheAnswer() =>
        context =>
        {
            context.Features.Set<IHttpResponseBodyFeature>(new LostBody(context));
            return Task.FromResult(false);
        };

    /// <summary>Waits, then goes on as it should.</summary>
    public static Fault WaitFor(Task gate) =>
        async context =>
        {
            await gate.WaitAsync(context.RequestAborted);
            return false;
        };

    public static Task WhenCancelledAsync(this CancellationToken token)
    {
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        token.Register(cancelled.SetResult);
        return cancelled.Task;
    }

    private sealed class LostBody(HttpContext context) : StreamResponseBodyFeature(new Aborting(context));

    private sealed class Aborting(HttpContext context) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            context.Abort();
            return ValueTask.CompletedTask;
        }
    }
}
