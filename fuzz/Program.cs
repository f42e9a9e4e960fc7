using SharpFuzz;
using TlsGateway.Fuzz;

const string Usage = """
    usage: Fuzz client-hello [afl|libfuzzer]
    Without an engine it reads one input from its standard input: Fuzz client-hello < crash.bin
    """;

if (args is not ["client-hello", ..] || args.Length > 2)
{
    await Console.Error.WriteLineAsync(Usage);
    return 2;
}
if (args.ElementAtOrDefault(1) == "libfuzzer")
{
    Fuzzer.LibFuzzer.Run(static input => ClientHelloTarget.Run(input));
    return 0;
}
Fuzzer.OutOfProcess.Run(static stream =>
{
    using MemoryStream input = new();
    stream.CopyTo(input);
    ClientHelloTarget.Run(input.GetBuffer().AsSpan(0, (int)input.Length));
});
return 0;
