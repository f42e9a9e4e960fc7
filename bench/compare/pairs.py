#!/usr/bin/env python3
"""Compares proxies on a noisy machine: all stay up, short slices of load go round them, and each round gives one ratio.

  python3 bench/compare/pairs.py --proxies gateway,nginx-64k,haproxy-64k --scenarios S1,S7 [--rounds 40] [--slice 0.5]

run.py's figure is a median of a few long runs; when the machine's speed changes from run to run by more than what is to be
seen, the slices of one round, a few seconds apart, still meet the same machine. Printed for each scenario: the median CPU per
handshake or round trip of each proxy, the median of the first proxy's ratios to it, with the range that holds the
middle half, and the median of its slices' 99th percentiles of latency.
For handshakes (S1, S2, S7, S8), round trips (S5, S5r), bytes (S3, S4: CPU per MB; a slice is --slice-bytes) and idle connections (S6: CPU per connection that is opened, held
for two seconds, used once and closed; a slice is --slice-idle of them). An old build beside a new one: --also name=folder.
"""
import argparse, json, statistics, sys, time
import run
from proxies import PROXIES, gateway


HELD_SECONDS = 2


def slice_of(a, scenario, port, proxy, secs):
    a.secs = secs
    return run.load_cmd(a, run.SCENARIOS[scenario], port, dict(proxy, warm=secs), False)


def measure(cmd, pids):
    before = run.cpu(pids)[0]
    load = run.Proc(cmd)
    try:
        load.line()
        if cmd[1] == "idle":
            time.sleep(HELD_SECONDS)
        else:
            before = run.cpu(pids)[0]
        load.say("go")
        load.line()
        spent = run.cpu(pids)[0] - before
        load.say("end")
        result = json.loads(load.line())
        load.end()
    finally:
        if load.p.poll() is None:
            load.p.kill()
            load.p.wait()
    if result["errors"]:
        raise SystemExit(f"{result['errors']} errors: {result['first_error']}")
    return spent / done(result) * 1e6, result


def done(result):
    """Units of work: round trips, handshakes, connections, or MB."""
    if result["mode"] in ("up", "down"):
        return (result["bytes_up"] + result["bytes_down"]) / 1e6
    return result["echoes" if result["mode"] in ("pp", "idle") else "handshakes"]


def warm_up(a, name, port, proxy, pids):
    """By time; bulk and idle connections have none of their own, so they are repeated."""
    secs = proxy.get("warm", 1)
    if run.SCENARIOS[name]["mode"] in ("hs", "pp"):
        measure(slice_of(a, name, port, proxy, secs), pids)
        return
    end = time.monotonic() + secs
    while time.monotonic() < end:
        measure(counted_slice(a, name, port, proxy), pids)


def counted_slice(a, name, port, proxy):
    return run.load_cmd(a, run.SCENARIOS[name], port, proxy, False)


def scenario(a, name):
    key = "rsa" if "-key rsa" in run.SCENARIOS[name]["args"] else "ec"
    backend = run.Proc([f"{run.WORK}/backend", run.BACKEND_MODE[run.SCENARIOS[name]["mode"]], str(a.base_port)])
    counted = run.SCENARIOS[name]["mode"] in ("up", "down", "idle")
    up = {}
    try:
        backend.line()
        for i, proxy in enumerate(a.proxies):
            up[proxy] = (run.Proxy(proxy, a.base_port + 1 + i, a.base_port, key), a.base_port + 1 + i)
        for proxy, (running, port) in up.items():
            warm_up(a, name, port, PROXIES[proxy], running.pids())
        us = {proxy: [] for proxy in a.proxies}
        p99 = {proxy: [] for proxy in a.proxies}
        for i in range(a.rounds):
            order = a.proxies[i % len(a.proxies):] + a.proxies[:i % len(a.proxies)]
            for proxy in order:
                running, port = up[proxy]
                spent, result = measure(counted_slice(a, name, port, PROXIES[proxy]) if counted else slice_of(a, name, port, PROXIES[proxy], a.slice), running.pids())
                us[proxy].append(spent)
                p99[proxy].append(0 if counted else result["msg_p99_us" if result["mode"] == "pp" else "hs_p99_us"])
                if result["mode"] == "hs" and "-resume" not in run.SCENARIOS[name]["args"] and result["resumed"]:
                    raise SystemExit("resumed in a full-handshake run")
        return us, p99
    finally:
        for running, _ in up.values():
            running.stop()
        backend.end()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--proxies", default="gateway,nginx-64k,haproxy-64k")
    p.add_argument("--also", action="append", default=[], metavar="NAME=FOLDER", help="a gateway published to another folder")
    p.add_argument("--scenarios", default="S1,S7")
    p.add_argument("--rounds", type=int, default=40)
    p.add_argument("--slice", type=float, default=0.5, help="seconds of load per proxy and round")
    p.add_argument("--slice-bytes", type=int, default=64 << 20, help="bytes per connection (8 of them) in a slice of S3 or S4")
    p.add_argument("--slice-idle", type=int, default=2000, help="connections of a slice of S6")
    p.add_argument("--base-port", type=int, default=20450)
    a = p.parse_args()
    a.secs, a.bytes, a.idle, a.load_root = a.slice, a.slice_bytes, a.slice_idle, None
    a.proxies = a.proxies.split(",")
    for also in a.also:
        name, folder = also.split("=", 1)
        PROXIES[name] = dict(gateway(), cmd=[w.replace("@WORK@/gateway", folder) for w in gateway()["cmd"]])
        a.proxies.append(name)
    run.build()
    for name in a.scenarios.split(","):
        us, p99 = scenario(a, name)
        first = us[a.proxies[0]]
        print(f"\n{name}  {run.SCENARIOS[name]['what']}, {a.rounds} rounds of {a.slice} s ({time.strftime('%H:%M:%S')})")
        for proxy in a.proxies:
            ratios = sorted(mine / other for mine, other in zip(first, us[proxy]))
            quarter = len(ratios) // 4
            print(f"  {proxy:16} {statistics.median(us[proxy]):7.1f} us   {a.proxies[0]} / it: {statistics.median(ratios):.3f}"
                  f" ({ratios[quarter]:.3f}-{ratios[-1 - quarter]:.3f})   p99 {statistics.median(p99[proxy]):.0f} us", flush=True)


if __name__ == "__main__":
    sys.exit(main())
