using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Text.Json;
using TlsGateway.Gateway.Admin.Views;
using TlsGateway.Pki;

namespace TlsGateway.Gateway.Commands.Top;

/// <summary>Asks a gateway's admin endpoint how it does.</summary>
internal sealed class TopClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);
    private readonly HttpClient _http;

    /// <param name="admin">The admin endpoint.</param>
    /// <param name="token">A bearer token; null: none is sent.</param>
    /// <param name="tls">How https is spoken.</param>
    public TopClient(Uri admin, string? token, SslClientAuthenticationOptions tls)
    {
        _http = new HttpClient(
            new SocketsHttpHandler
            {
                UseProxy = false,
                AllowAutoRedirect = false,
                SslOptions = tls,
            }
        )
        {
            BaseAddress = admin,
            Timeout = Patience,
        };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>How it does now, and since <paramref name="before"/>.</summary>
    /// <param name="sort">As the query of /connections has it.</param>
    /// <param name="limit">Connections.</param>
    /// <param name="before">The sample that rates are reckoned from; null: there are none yet.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="PkiException">It does not answer, or not with what it should; says what to do.</exception>
    public async Task<TopSample> SampleAsync(string sort, int limit, TopSample? before, CancellationToken cancellation)
    {
        var at = Stopwatch.GetTimestamp();
        MetricsText metrics = new(await GetAsync("/metrics", cancellation).ConfigureAwait(false));
        var listeners = await GetJsonAsync("/listeners", cancellation).ConfigureAwait(false);
        var connections = await GetJsonAsync($"/connections?sort={sort}&limit={limit}", cancellation).ConfigureAwait(false);
        return new TopSample(
            at,
            TopCounts.Of(metrics),
            before,
            listeners.GetProperty("listeners").Clone(),
            connections.GetProperty("connections").Clone()
        );
    }

    /// <summary>The fleet, as the gateway knows it.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="PkiException">As <see cref="SampleAsync"/>.</exception>
    public Task<FleetView> FleetAsync(CancellationToken cancellation) => GetAsync<FleetView>("/fleet", cancellation);

    public void Dispose() => _http.Dispose();

    private Task<JsonElement> GetJsonAsync(string path, CancellationToken cancellation) => GetAsync<JsonElement>(path, cancellation);

    private async Task<T> GetAsync<T>(string path, CancellationToken cancellation)
    {
        var text = await GetAsync(path, cancellation).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize<T>(text, s_json)!;
        }
        catch (JsonException malformed)
        {
            throw new PkiException(
                $"{_http.BaseAddress} answers {path} with something that is not JSON. Is it a gateway's admin endpoint?",
                malformed
            );
        }
    }

    private async Task<string> GetAsync(string path, CancellationToken cancellation)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellation).ConfigureAwait(false);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false),
                HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests => throw new PkiException(
                    $"{_http.BaseAddress} wants a token or a certificate, or another one. Give the file of one of its tokens with --token-file, or --certificate and --key."
                ),
                HttpStatusCode.MisdirectedRequest => throw new PkiException(
                    $"{_http.BaseAddress} answers to addresses only, as long as it has no tokens. Use its address instead of its name."
                ),
                var status => throw new PkiException(
                    $"{_http.BaseAddress} answers {path} with {(int)status}. Is it a gateway's admin endpoint?"
                ),
            };
        }
        catch (HttpRequestException failed)
        {
            throw new PkiException(
                $"{_http.BaseAddress} cannot be reached: {failed.Message}{(failed.InnerException is AuthenticationException inner ? $" {inner.Message} Give its authority with --ca." : "")} Give the gateway's admin.bind with --admin.",
                failed
            );
        }
        catch (TaskCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new PkiException($"{_http.BaseAddress} does not answer within {Patience.TotalSeconds} s.", late);
        }
    }
}
