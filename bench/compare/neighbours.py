#!/usr/bin/env python3
"""What a crowd from one network costs a client of another: full handshakes with one echo each, quiet and beside the crowd by turns.

  python3 bench/compare/neighbours.py [--crowd 10000] [--limit 5000] [--attempts 200] [--slices 8] [--samples 150]

The crowd, from 127.1.0.0/24, opens --crowd connections (each does a TLS handshake, then says nothing), of which --limit are let in, and goes on trying --attempts times a second. The other
client, from 127.2.0.1, does --samples connections a slice. The crowd runs at the lowest priority: it is to cost the gateway, not the machine. BENCH_WORK/gateway is measured. Needs root.
"""
import argparse, os, re, socket, ssl, statistics, subprocess, sys, time, urllib.request

WORK = os.environ.get("BENCH_WORK", "/tmp/bench-work")
ADMIN, PORT = 7109, 7101
CROWD = """
import os, resource, socket, ssl, sys, time
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
port, crowd, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
held, refused = [], 0

def attempt(i):
    s = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(f"127.1.0.{1 + i % 200}", 0))
    try:
        held.append(context.wrap_socket(s, server_hostname="localhost"))
        return True
    except (ssl.SSLError, OSError):
        s.close()
        return False

for i in range(crowd):
    refused += not attempt(i)
print(len(held), refused, flush=True)
going, tried = False, 0
os.set_blocking(0, False)
while True:
    word = sys.stdin.read(16)
    if word:
        going = word.strip().split()[-1] == "go"
    if going:
        tried += 1
        attempt(tried)
    time.sleep(1 / rate)
"""


def sample(context):
    start = time.perf_counter()
    s = socket.create_connection(("127.0.0.1", PORT), source_address=("127.2.0.1", 0))
    with context.wrap_socket(s, server_hostname="localhost") as tls:
        tls.sendall(b"x" * 512)
        tls.recv(512)
    return time.perf_counter() - start


def refusals():
    text = urllib.request.urlopen(f"http://127.0.0.1:{ADMIN}/metrics").read().decode()
    return sum(float(m[1]) for m in re.finditer(r'^gateway_rejected_connections_total\{[^}]*client_too_many[^}]*\} (\d+)', text, re.M))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("crowd", 10000), ("limit", 5000), ("attempts", 200), ("slices", 8), ("samples", 150)):
        p.add_argument(f"--{name}", type=int, default=value)
    a = p.parse_args()
    programs = []

    def start(command, **pipes):
        programs.append(subprocess.Popen(command, text=True, stdout=subprocess.PIPE, **pipes))
        return programs[-1]

    try:
        if not start([f"{WORK}/backend", "echo", "7100"]).stdout.readline():
            raise SystemExit("the backend did not start")
        config = f"{WORK}/neighbours.yaml"
        with open(config, "w") as f:
            f.write(f"""admin: {{ bind: 127.0.0.1:{ADMIN} }}
limits: {{ perClient: {{ connections: {a.limit}, ipv4Prefix: 24 }} }}
listeners:
  - {{ name: edge, bind: 127.0.0.1:{PORT}, upstream: echo, tls: {{ certificates: development }} }}
upstreams:
  echo: {{ address: 127.0.0.1:7100 }}
""")
        gateway = start([f"{WORK}/gateway/gateway", "run", "--config", config], stderr=subprocess.STDOUT)
        while "admin http" not in (line := gateway.stdout.readline()):
            if not line:
                raise SystemExit("the gateway did not start")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for _ in range(300):
            sample(context)
        alone = [sample(context) for _ in range(a.samples)]
        crowd = start([sys.executable, "-c", CROWD, str(PORT), str(a.crowd), str(a.attempts)], stdin=subprocess.PIPE)
        print("crowd: held, refused:", crowd.stdout.readline().strip())
        seconds = {"held": [], "trying": []}
        for i in range(2 * a.slices):
            name = "trying" if i % 2 else "held"
            crowd.stdin.write("go\n" if i % 2 else "stop\n")
            crowd.stdin.flush()
            before = refusals()
            seconds[name] += [sample(context) for _ in range(a.samples)]
            if i % 2 and refusals() == before:
                raise SystemExit("the crowd did not try")
        for name, values in {"before the crowd": alone, "crowd held at its limit": seconds["held"], "and trying on": seconds["trying"]}.items():
            cuts = statistics.quantiles(values, n=100)
            print(f"{name}: median {cuts[49] * 1000:.2f} ms, 90th {cuts[89] * 1000:.2f}, 99th {cuts[98] * 1000:.2f} ({len(values)} connections)")
        print("refused in all:", int(refusals()))
    finally:
        for program in reversed(programs):
            program.terminate()
            program.wait()


if __name__ == "__main__":
    main()
