#!/usr/bin/env python3
"""A gateway in a memory control group, and clients that each make it hold as much as they can: what it holds, what it refuses, that it is not killed and serves again.

  python3 bench/compare/memory.py [--limit-mib 512] [--clients 6000]

Each client sends POST /echo to the embedded demo, which is in the same process, until nothing more is taken, and reads nothing. BENCH_WORK/gateway is measured. Needs root and control groups, version 1 or 2.
"""
import argparse, os, re, resource, socket, ssl, subprocess, time, urllib.request

WORK = os.environ.get("BENCH_WORK", "/tmp/bench-work")
ADMIN, PORT = 7209, 7201


class Group:
    def __init__(self, mib):
        self.old = os.path.isdir("/sys/fs/cgroup/memory")
        self.path = "/sys/fs/cgroup/memory/gateway-bench" if self.old else "/sys/fs/cgroup/gateway-bench"
        os.makedirs(self.path, exist_ok=True)
        self.write("memory.limit_in_bytes" if self.old else "memory.max", mib << 20)

    def write(self, name, value):
        with open(f"{self.path}/{name}", "w") as f:
            f.write(str(value))

    def read(self, name):
        with open(f"{self.path}/{name}") as f:
            return f.read()

    def peak(self):
        return int(self.read("memory.max_usage_in_bytes" if self.old else "memory.peak")) >> 20

    def kills(self):
        return int(re.search(r"oom_kill (\d+)", self.read("memory.oom_control" if self.old else "memory.events"))[1])


def metric(name):
    text = urllib.request.urlopen(f"http://127.0.0.1:{ADMIN}/metrics").read().decode()
    return sum(float(m[1]) for m in re.finditer(r"^" + name + r"[^ ]* (\S+)", text, re.M))


def attempt(context, i):
    """A client with a stalled request; None: it was refused."""
    s = socket.create_connection(("127.0.0.1", PORT), source_address=(f"127.3.{i // 200 % 200}.{1 + i % 200}", 0), timeout=20)
    try:
        tls = context.wrap_socket(s, server_hostname="localhost")
        tls.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n\r\n")
        tls.setblocking(False)
        for _ in range(64):
            tls.send(b"x" * 65536)
    except ssl.SSLWantWriteError:
        pass
    except OSError:
        s.close()
        return None
    return tls


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--limit-mib", type=int, default=512)
    p.add_argument("--clients", type=int, default=6000)
    a = p.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    group = Group(a.limit_mib)
    config = f"{WORK}/memory.yaml"
    with open(config, "w") as f:
        f.write(f"""admin: {{ bind: 127.0.0.1:{ADMIN} }}
listeners:
  - {{ name: edge, bind: 127.0.0.1:{PORT}, upstream: demo, tls: {{ certificates: development }} }}
upstreams:
  demo: {{ address: embedded-demo }}
""")
    gateway = subprocess.Popen([f"{WORK}/gateway/gateway", "run", "--config", config], stdout=subprocess.PIPE, text=True,
                               preexec_fn=lambda: group.write("cgroup.procs", os.getpid()))
    try:
        while "admin http" not in (line := gateway.stdout.readline()):
            if not line:
                raise SystemExit("the gateway did not start")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        clients = [attempt(context, i) for i in range(a.clients)]
        print(f"{a.clients} clients: {metric('gateway_active_connections'):.0f} open, {metric('gateway_rejected_connections_total'):.0f} refused; peak {group.peak()} MiB of {a.limit_mib}")
        for c in filter(None, clients):
            c.close()
        for _ in range(120):
            if (again := attempt(context, 0)) is not None:
                again.close()
                break
            time.sleep(0.5)
        else:
            raise SystemExit("it does not serve again")
        print(f"serves again; alive: {gateway.poll() is None}; killed for memory: {group.kills()}")
    finally:
        gateway.terminate()
        gateway.wait()
        os.rmdir(group.path)


if __name__ == "__main__":
    main()
