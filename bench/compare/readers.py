#!/usr/bin/env python3
"""What a thousand people at the admin endpoint do to connections: python3 bench/compare/readers.py [--rounds 12]

1,000 connections to the admin endpoint, each of which asks for /connections, /metrics or /usage every --pause seconds, all together some 200 times a second, and once all at the same instant. Meanwhile 64 connections
exchange 1 KiB messages at a steady rate (S5r of pairs.py). Slices with readers and without take turns; printed are the median latencies of both, and the median of their ratios round by round.
"""
import argparse, asyncio, statistics, threading, time
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
    PROXIES["read"] = run.PROXIES["read"] = dict(gateway(), conf=GATEWAY.replace("@ENGINE@", "openssl").replace("127.0.0.1:0 }", "127.0.0.1:29902 }"))
    backend = run.Proc([f"{run.WORK}/backend", "echo", "21460"])
    backend.line()
    proxy = run.Proxy("read", 21461, 21460, "ec")
    readers = Readers(29902, a.readers, a.pause)
    got = {True: [], False: []}
    try:
        pairs.measure(pairs.slice_of(a, "S5r", 21461, PROXIES["read"], 10), proxy.pids())
        for i in range(2 * a.rounds):
            readers.on = i % 2 == 1
            time.sleep(1)
            spent, result = pairs.measure(pairs.slice_of(a, "S5r", 21461, PROXIES["read"], a.slice), proxy.pids())
            got[readers.on].append((result["msg_p50_us"], result["msg_p99_us"], spent))
    finally:
        readers.on, readers.stop = False, True
        readers.thread.join(a.pause + 5)
        proxy.stop()
        backend.end()
    for on in (False, True):
        p50, p99, cpu = (statistics.median(one[k] for one in got[on]) for k in range(3))
        print(f"{'with' if on else 'without'} readers: median {p50:.0f} us, 99th percentile {p99:.0f} us, {cpu:.1f} us of CPU a message")
    for k, what in enumerate(["median", "99th percentile"]):
        ratios = sorted(w[k] / o[k] for w, o in zip(got[True], got[False]))
        print(f"{what}: with / without {statistics.median(ratios):.3f} ({ratios[len(ratios) // 4]:.3f}-{ratios[-1 - len(ratios) // 4]:.3f})")
    print("answers:", readers.statuses)


if __name__ == "__main__":
    main()
