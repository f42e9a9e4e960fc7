using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace TlsGateway.Kubernetes.Api;

/// <summary>
/// Between KubernetesClient and the connection: adds the token, asks once more with a fresh one where the API server refuses it, bounds time and bytes, and makes
/// every failure a <see cref="KubernetesApiException"/>. Answers are read whole, since KubernetesClient reads them by blocking calls; only a watch stays a stream.
/// </summary>
internal sealed class ApiHandler(ApiServerSettings settings, ApiToken token, TimeProvider time) : DelegatingHandler
{
    /// <summary>Of an error's body; the rest is not read.</summary>
    private const int MaxErrorBytes = 64 * 1024;

    /// <summary>Of what the API server says, in a message of ours.</summary>
    private const int MaxWords = 500;

    /// <summary>What Retry-After may ask for at most.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(5);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var call = ApiCall.Of(request);
        using CancellationTokenSource timeout = new(settings.RequestTimeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            var response = await SendWithTokenAsync(request, limit.Token);
            if (!response.IsSuccessStatusCode)
            {
                using (response)
                {
                    throw await RefusedAsync(call, response, limit.Token);
                }
            }
            return call.IsWatch ? response : await ReadWholeAsync(call, response, limit.Token);
        }
        catch (OperationCanceledException canceled) when (!cancellation.IsCancellationRequested)
        {
            throw Fail(ApiFault.NoAnswer, call, $"no answer within {settings.RequestTimeout.TotalSeconds} s.", canceled);
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw Fail(ApiFault.Unreachable, call, WhyUnreachable(failed), failed);
        }
    }

    private async Task<HttpResponseMessage> SendWithTokenAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var used = await token.GetAsync(cancellation);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", used);
        var response = await base.SendAsync(request, cancellation);
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return response;
        }
        response.Dispose();
        token.Forget(used);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await token.GetAsync(cancellation));
        return await base.SendAsync(request, cancellation);
    }

    private async Task<HttpResponseMessage> ReadWholeAsync(ApiCall call, HttpResponseMessage response, CancellationToken cancellation)
    {
        var streamed = response.Content;
        var (bytes, isCut) = await ReadAsync(streamed, settings.MaxAnswerBytes, cancellation);
        if (isCut)
        {
            response.Dispose();
            throw Fail(ApiFault.TooLarge, call, $"the answer has more than {settings.MaxAnswerBytes} bytes.");
        }
        response.Content = new ByteArrayContent(bytes);
        response.Content.Headers.ContentType = streamed.Headers.ContentType;
        streamed.Dispose();
        return response;
    }

    private async Task<KubernetesApiException> RefusedAsync(ApiCall call, HttpResponseMessage response, CancellationToken cancellation)
    {
        var (bytes, _) = await ReadAsync(response.Content, MaxErrorBytes, cancellation);
        var words = WordsOf(bytes);
        var status = (int)response.StatusCode;
        var what = $"{status} {response.StatusCode}{(words.Length > 0 ? $", \"{words}\"" : "")}.";
        var fault = FaultOf(status);
        var advice = fault switch
        {
            ApiFault.Unauthorized =>
                $" The token in {settings.TokenFile} is not accepted, read anew: look whether the service account still exists and the token is for this API server.",
            ApiFault.Forbidden => $" Allow {call.Permission} to the pod's service account, by a Role and a RoleBinding in that namespace.",
            ApiFault.NotFound => $" Look whether the namespace '{call.Namespace}' exists.",
            _ => "",
        };
        return Fail(fault, call, what + advice, retryAfter: RetryAfterOf(response));
    }

    /// <summary>What an answer with this status is.</summary>
    public static ApiFault FaultOf(int status) =>
        status switch
        {
            401 => ApiFault.Unauthorized,
            403 => ApiFault.Forbidden,
            404 => ApiFault.NotFound,
            409 => ApiFault.Conflict,
            410 => ApiFault.Gone,
            429 => ApiFault.Throttled,
            >= 500 => ApiFault.ServerError,
            _ => ApiFault.Refused,
        };

    /// <summary>Fit for a message of ours: bounded, and on one line.</summary>
    public static string Tidy(string? words)
    {
        if (string.IsNullOrWhiteSpace(words))
        {
            return "";
        }
        var kept = words.Length > MaxWords ? words.AsSpan(0, MaxWords) : words;
        return string.Create(
            kept.Length,
            kept,
            static (tidy, source) =>
            {
                for (var i = 0; i < tidy.Length; i++)
                {
                    tidy[i] = char.IsControl(source[i]) ? ' ' : source[i];
                }
            }
        );
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        var wanted = header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);
        if (wanted is not { } wait || wait <= TimeSpan.Zero)
        {
            return null;
        }
        return wait < LongestRetryAfter ? wait : LongestRetryAfter;
    }

    private KubernetesApiException Fail(ApiFault fault, ApiCall call, string what, Exception? inner = null, TimeSpan? retryAfter = null) =>
        new(fault, $"{call}, at {settings.Address.GetLeftPart(UriPartial.Authority)}: {what}", inner, retryAfter);

    private string WhyUnreachable(Exception failed)
    {
        var cause =
            failed.InnerException is { } inner && inner.Message != failed.Message ? $"{failed.Message} {inner.Message}" : failed.Message;
        var advice = failed is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
            ? $" It must have a certificate of an authority in {settings.CaFile} with its host's name."
            : "";
        return Tidy(cause) + advice;
    }

    /// <summary>The message of a Status object, which every error of the API server has; else its text.</summary>
    private static string WordsOf(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return
                json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("message", out var message)
                && message.ValueKind == JsonValueKind.String
                ? Tidy(message.GetString())
                : "";
        }
        catch (JsonException)
        {
            return Tidy(System.Text.Encoding.UTF8.GetString(body));
        }
    }

    private static async Task<(byte[] Bytes, bool IsCut)> ReadAsync(HttpContent content, int maxBytes, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength > maxBytes)
        {
            return ([], true);
        }
        await using var stream = await content.ReadAsStreamAsync(cancellation);
        using MemoryStream whole = new();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var read = await stream.ReadAsync(buffer, cancellation);
            if (read == 0)
            {
                return (whole.ToArray(), false);
            }
            var kept = (int)Math.Min(read, maxBytes - whole.Length);
            await whole.WriteAsync(buffer.AsMemory(0, kept), cancellation);
            if (kept < read)
            {
                return (whole.ToArray(), true);
            }
        }
    }
}
