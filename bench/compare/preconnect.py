#!/usr/bin/env python3
"""What `preConnect` saves: the time from a client's connect to the first byte of its echo, with it and without, by turns.

  python3 bench/compare/preconnect.py [--client-ms 20] [--upstream-ms 20] [--rounds 60]

The client and the backend are in namespaces of their own, their round trips away from the gateway (BENCH_WORK/gateway). Needs root.
"""
import argparse, os, socket, ssl, statistics, subprocess, sys, time
from link import FarNamespace

WORK = os.environ.get("BENCH_WORK", "/tmp/bench-work")
ECHO = """
import asyncio, sys
async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(echo, sys.argv[1], 7000)
    print("up", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
CLIENT = """
import socket, ssl, sys, time
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
for line in sys.stdin:
    start = time.perf_counter()
    with context.wrap_socket(socket.create_connection((sys.argv[1], int(line))), server_hostname="localhost") as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(b"x" * 512)
        s.recv(512)
        print(time.perf_counter() - start, flush=True)
"""


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--client-ms", type=float, default=20)
    p.add_argument("--upstream-ms", type=float, default=20)
    p.add_argument("--rounds", type=int, default=60)
    a = p.parse_args()
    ends, programs = [], []
    try:
        ends += [FarNamespace("bench-client", 1, a.client_ms / 2000), FarNamespace("bench-backend", 2, a.upstream_ms / 2000)]
        client, backend = ends

        def start(command, **pipes):
            programs.append(subprocess.Popen(command, text=True, stdout=subprocess.PIPE, **pipes))
            return programs[-1]

        start(["ip", "netns", "exec", backend.name, sys.executable, "-c", ECHO, backend.there]).stdout.readline()
        config = f"{WORK}/preconnect.yaml"
        with open(config, "w") as f:
            f.write("admin: { bind: 127.0.0.1:0 }\nlisteners:\n")
            for name, port in (("off", 7001), ("on", 7002)):
                f.write(f"  - {{ name: pre-{name}, bind: '{client.here}:{port}', upstream: pre-{name}, tls: {{ certificates: development }} }}\n")
            f.write("upstreams:\n")
            for name, value in (("off", "false"), ("on", "true")):
                f.write(f"  pre-{name}: {{ address: '{backend.there}:7000', preConnect: {value} }}\n")
        gateway = start([f"{WORK}/gateway/gateway", "run", "--config", config], stderr=subprocess.STDOUT)
        while "admin http" not in (line := gateway.stdout.readline()):
            if not line:
                raise SystemExit("the gateway did not start")
        program = start(["ip", "netns", "exec", client.name, sys.executable, "-c", CLIENT, client.here], stdin=subprocess.PIPE)
        seconds = {7001: [], 7002: []}
        for i in range(2 * a.rounds + 20):
            port = 7001 + i % 2
            program.stdin.write(f"{port}\n")
            program.stdin.flush()
            taken = float(program.stdout.readline())
            if i >= 20:  # methods are compiled by then
                seconds[port].append(taken)
        for port, name in ((7001, "off"), (7002, "on")):
            low, median, high = statistics.quantiles(seconds[port], n=4)
            print(f"preConnect {name}: {median * 1000:.1f} ms ({low * 1000:.1f}-{high * 1000:.1f}) to the first byte")
    finally:
        for program in reversed(programs):
            program.terminate()
            program.wait()
        for end in ends:
            end.close()


if __name__ == "__main__":
    main()
