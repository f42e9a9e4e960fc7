using SharpFuzz;
using TlsGateway.Fuzz;

const string Usage = """
    usage: Fuzz client-hello|proxy-header [afl|libfuzzer]
    Without an engine it reads one input from its standard input: Fuzz client-hello < crash.bin
    """;

if (args is not ["client-hello" or "proxy-header", ..] || args.Length > 2)
{
    await Console.Error.WriteLineAsync(Usage);
    return 2;
}
var isHello = args[0] == "client-hello";
if (args.ElementAtOrDefault(1) == "libfuzzer")
{
    Fuzzer.LibFuzzer.Run(input => Run(isHello, input));
    return 0;
}
Fuzzer.OutOfProcess.Run(stream =>
{
    using MemoryStream input = new();
    stream.CopyTo(input);
    Run(isHello, input.GetBuffer().AsSpan(0, (int)input.Length));
});
return 0;

static void Run(bool isHello, ReadOnlySpan<byte> input)
{
    if (isHello)
    {
        ClientHelloTarget.Run(input);
    }
    else
    {
        ProxyHeaderTarget.Run(input);
    }
}
