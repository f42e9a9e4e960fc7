using CsCheck;

namespace TlsGateway.Tests;

/// <summary>Property tests whose inputs are the same in every run: CsCheck's generators on a generator of random numbers with a fixed seed.</summary>
internal static class Seeded
{
    public static void ForAll<T>(Gen<T> gen, int iterations, ulong seed, Action<T> check)
    {
        var pcg = new PCG(1, seed);
        for (var i = 0; i < iterations; i++)
        {
            var input = gen.Generate(pcg, null, out _);
            try
            {
                check(input);
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException($"seed {seed}, iteration {i}, input {Print(input)}: {e.Message}", e);
            }
        }
    }

    private static string Print<T>(T input) =>
        input is System.Collections.IEnumerable many ? string.Join(' ', many.Cast<object>()) : $"{input}";
}
