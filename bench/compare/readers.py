#!/usr/bin/env python3
"""What a thousand people at the admin endpoint do to connections: python3 bench/compare/readers.py [--rounds 12]

1,000 connections to the admin endpoint, each of which asks for /connections, /metrics or /usage every --pause seconds, all together some 200 times a second, and once all at the same instant. Meanwhile 64 connections
exchange 1 KiB messages at a steady rate (S5r of pairs.py). Slices take turns: nobody reads; the same readers read another gateway, which shares the machine but no connection; they read this one. Printed are the median
latencies, and the medians of the ratios round by round: what reading this gateway does to its connections is what is more than reading the other does. Readers run with the lowest priority: they are the load, not the measured.
"""
import argparse, asyncio, os, statistics, threading, time
import run, pairs
from proxies import PROXIES, GATEWAY, gateway

PATHS = ["/connections?sort=stall&limit=25", "/connections?limit=100", "/metrics", "/usage", "/limits"]


class Readers:
    def __init__(self, port, count, pause):
        self.port, self.count, self.pause = port, count, pause
        self.on, self.stop, self.statuses, self.asked = False, False, {}, 0
        self.thread = threading.Thread(target=lambda: asyncio.run(self.main()))
        self.thread.start()

    async def main(self):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        await asyncio.gather(*(self.read(i) for i in range(self.count)))

    async def read(self, i):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        request = f"GET {PATHS[i % len(PATHS)]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        await asyncio.sleep(self.pause * i / self.count)
        while not self.stop:
            if self.on:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                status = head[9:12].decode()
                self.statuses[status] = self.statuses.get(status, 0) + 1
                if b"chunked" in head.lower():
                    while (size := int(await reader.readline(), 16)) > 0:
                        await reader.readexactly(size + 2)
                    await reader.readline()
                else:
                    length = int(next(l for l in head.lower().split(b"\r\n") if l.startswith(b"content-length")).split(b":")[1])
                    await reader.readexactly(length)
            await asyncio.sleep(self.pause)
        writer.close()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=12)
    p.add_argument("--readers", type=int, default=1000)
    p.add_argument("--pause", type=float, default=5)
    a = p.parse_args()
    a.bytes, a.idle, a.load_root, a.slice = 0, 0, None, 4
    run.build()
    def start(name, port, admin):
        conf = GATEWAY.replace("@ENGINE@", "openssl").replace("127.0.0.1:0 }", f"127.0.0.1:{admin} }}")
        PROXIES[name] = run.PROXIES[name] = dict(gateway(), conf=conf)
        return run.Proxy(name, port, 21460, "ec")

    backend = run.Proc([f"{run.WORK}/backend", "echo", "21460"])
    backend.line()
    proxy, other = start("read", 21461, 29902), start("other", 21462, 29903)
    modes = {"nobody": None, "another": Readers(29903, a.readers, a.pause), "this": Readers(29902, a.readers, a.pause)}
    readers = [mode for mode in modes.values() if mode]
    got = {name: [] for name in modes}
    try:
        for reading in readers:
            reading.on = True
            pairs.measure(pairs.slice_of(a, "S5r", 21461, PROXIES["read"], 10), proxy.pids())
            reading.on = False
        for _ in range(a.rounds):
            for name, reading in modes.items():
                if reading:
                    reading.on = True
                time.sleep(1)
                spent, result = pairs.measure(pairs.slice_of(a, "S5r", 21461, PROXIES["read"], a.slice), proxy.pids())
                got[name].append((result["msg_p50_us"], result["msg_p99_us"], spent))
                if reading:
                    reading.on = False
    finally:
        for reading in readers:
            reading.on, reading.stop = False, True
        for reading in readers:
            reading.thread.join(a.pause + 5)
        proxy.stop()
        other.stop()
        backend.end()
    for name in modes:
        p50, p99, cpu = (statistics.median(one[k] for one in got[name]) for k in range(3))
        print(f"{name} is read: median {p50:.0f} us, 99th percentile {p99:.0f} us, {cpu:.1f} us of CPU a message")
    for k, what in enumerate(["median", "99th percentile"]):
        for name, base in [("another", "nobody"), ("this", "nobody"), ("this", "another")]:
            ratios = sorted(w[k] / o[k] for w, o in zip(got[name], got[base]))
            print(f"{what}: {name} / {base} {statistics.median(ratios):.3f} ({ratios[len(ratios) // 4]:.3f}-{ratios[-1 - len(ratios) // 4]:.3f})")
    print("answers:", modes["this"].statuses, modes["another"].statuses)


if __name__ == "__main__":
    main()
