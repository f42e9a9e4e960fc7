#!/usr/bin/env python3
"""Measures TLS-terminating TCP proxies side by side on the loopback interface.

  python3 bench/compare/run.py --proxies nginx,haproxy --scenarios S1,S3 [--reps 3] [--json out.json]

Each measured run: take the lock, start backend and proxy, warm up, open the load, read the proxy's
CPU time (all its processes), work, read it again, check the load's and the backend's counters, stop
all by pid. The repetitions go round all proxies, so a slow minute of the machine hits all alike.
"""
import argparse, fcntl, json, os, platform, re, resource, shutil, signal, socket, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from proxies import PROXIES

WORK = os.environ.get("BENCH_WORK", "/tmp/bench-work")
HZ = os.sysconf("SC_CLK_TCK")

# mode, load arguments, warm-up mode, unit
SCENARIOS = {
    "S1": dict(what="full TLS 1.3 handshake, P-256", mode="hs", args="-c 32 -d @D@"),
    "S2": dict(what="resumed TLS 1.3 handshake", mode="hs", args="-c 32 -d @D@ -resume"),
    "S3": dict(what="bulk client->backend", mode="up", args="-c 8 -n @N@"),
    "S4": dict(what="bulk backend->client", mode="down", args="-c 8 -n @N@"),
    "S5": dict(what="1 KiB ping-pong, 64 connections", mode="pp", args="-c 64 -m 1024 -d @D@"),
    "S5r": dict(what="1 KiB ping-pong, 64 connections, 8000/s open loop", mode="pp", args="-c 64 -m 1024 -d @D@ -rate 8000"),
    "S6": dict(what="idle connections", mode="idle", args="-c @IDLE@ -src 200 -d 0.5"),
    "S7": dict(what="full TLS 1.2 handshake, P-256", mode="hs", args="-c 32 -d @D@ -tls 12"),
    "S8": dict(what="full TLS 1.3 handshake, RSA-2048", mode="hs", args="-c 32 -d @D@ -key rsa"),
}
BACKEND_MODE = {"hs": "echo", "pp": "echo", "idle": "echo", "up": "sink", "down": "source"}


def sh(*cmd, **kw):
    return subprocess.run(cmd, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw).stdout


def build():
    os.makedirs(f"{WORK}/certs", exist_ok=True)
    for name, libs in (("load", ["-lssl", "-lcrypto"]), ("backend", []), ("relay", ["-pthread"]), ("crypto", ["-lssl", "-lcrypto", "-pthread"])):
        out, src = f"{WORK}/{name}", f"{HERE}/{name}.c"
        if not os.path.exists(out) or os.path.getmtime(out) < max(os.path.getmtime(src), os.path.getmtime(f"{HERE}/common.h")):
            sh("gcc", "-O2", "-Wall", "-o", out, src, *libs)
    for kind, gen in (("ec", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("rsa", ["-newkey", "rsa:2048"])):
        crt, key, pem = (f"{WORK}/certs/{kind}.{x}" for x in ("crt", "key", "pem"))
        if not os.path.exists(pem):
            sh("openssl", "req", "-x509", *gen, "-nodes", "-keyout", key, "-out", crt, "-days", "365",
               "-subj", "/CN=bench.local", "-addext", "subjectAltName=DNS:bench.local")
            with open(pem, "w") as f:
                f.write(open(crt).read() + open(key).read())


# ---- reading /proc

def stat(pid):
    with open(f"/proc/{pid}/stat") as f:
        s = f.read()
    return s[s.rindex(")") + 2:].split()


def tree(pid):
    """pid and all its descendants"""
    kids = {}
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                kids.setdefault(int(stat(d)[1]), []).append(int(d))
            except (FileNotFoundError, ProcessLookupError):
                pass
    out, todo = [], [pid]
    while todo:
        p = todo.pop()
        out.append(p)
        todo += kids.get(p, [])
    return sorted(out)


def cpu(pids):
    """CPU seconds of these processes, dead threads included: exact (the process CPU clock), and the
    user/system split of /proc/PID/stat (10 ms ticks) as a cross-check."""
    exact = ticks_u = ticks_s = 0
    for p in pids:
        exact += time.clock_gettime_ns(((~p) << 3) | 2) / 1e9
        s = stat(p)
        ticks_u += int(s[11]) / HZ
        ticks_s += int(s[12]) / HZ
    return exact, ticks_u, ticks_s


def mem(pids):
    rss = pss = 0
    for p in pids:
        with open(f"/proc/{p}/smaps_rollup") as f:
            t = f.read()
        rss += int(re.search(r"^Rss:\s+(\d+)", t, re.M)[1])
        pss += int(re.search(r"^Pss:\s+(\d+)", t, re.M)[1])
    return rss * 1024, pss * 1024


def machine():
    with open("/proc/stat") as f:
        v = [int(x) for x in f.readline().split()[1:9]]
    return (sum(v) - v[3] - v[4] - v[7]) / HZ, v[7] / HZ  # busy, stolen


# ---- processes

def on_cpu(cpu_no):
    """for --pin: the proxy alone on the last processor, load and backend on the others"""
    n = os.cpu_count()
    return (lambda: os.sched_setaffinity(0, {n - 1} if cpu_no else set(range(n - 1)))) if PIN else None


PIN = False


class Proc:
    def __init__(self, cmd, **kw):
        self.p = subprocess.Popen(cmd, preexec_fn=on_cpu(0), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, **kw)

    def line(self):
        s = self.p.stdout.readline()
        if not s:
            raise RuntimeError(f"{self.p.args[0]} ended early, status {self.p.wait()}")
        return s.strip()

    def say(self, s):
        self.p.stdin.write(s + "\n")
        self.p.stdin.flush()

    def end(self, timeout=10):
        try:
            self.p.stdin.close()
        except OSError:
            pass
        try:
            self.p.wait(timeout)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
        self.p.stdout.close()


class Proxy:
    def __init__(self, name, port, backend, key):
        d = self.d = PROXIES[name]
        root = d.get("root") or ""
        dirname = f"{WORK}/run-{name}"
        for r in {"", root}:
            os.makedirs(r + dirname, exist_ok=True)
        if root:
            for sub in ("certs", "gateway"):
                if os.path.isdir(f"{WORK}/{sub}"):
                    shutil.copytree(f"{WORK}/{sub}", f"{root}{WORK}/{sub}", dirs_exist_ok=True)
        tok = {"PORT": port, "BACKEND": backend, "DIR": dirname, "CONF": f"{dirname}/conf", "WORK": WORK,
               "CERT": f"{WORK}/certs/{key}.crt", "KEY": f"{WORK}/certs/{key}.key", "PEM": f"{WORK}/certs/{key}.pem"}

        def fill(s):
            return re.sub(r"@([A-Z]+)@", lambda m: str(tok[m[1]]), s)

        if d.get("conf"):
            with open(f"{root}{dirname}/conf", "w") as f:
                f.write(fill(d["conf"]))
        cmd = [fill(x) for x in d["cmd"]]
        if root:
            cmd = ["chroot", root] + cmd
        self.log = open(f"{WORK}/run-{name}/log", "w")
        self.p = subprocess.Popen(cmd, preexec_fn=on_cpu(1), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                  env={**os.environ, **{k: fill(v) for k, v in d.get("env", {}).items()}})
        for _ in range(200):
            if self.p.poll() is not None:
                raise RuntimeError(f"{name} did not start, see {self.log.name}")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            self.stop()
            raise RuntimeError(f"{name} does not listen")
        time.sleep(0.2)

    def pids(self):
        return tree(self.p.pid)

    def stop(self):
        pids = tree(self.p.pid) if self.p.poll() is None else []
        self.p.terminate()
        try:
            self.p.wait(3)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
        for p in pids:
            if p != self.p.pid:
                for _ in range(40):
                    try:
                        if stat(p)[0] == "Z":
                            break
                        time.sleep(0.05)
                    except (FileNotFoundError, ProcessLookupError):
                        break
                else:
                    try:
                        os.kill(p, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
        self.log.close()


def load_cmd(a, sc, port, proxy, warm):
    mode = sc["mode"]
    n = a.bytes if not warm else a.bytes // 8 if proxy.get("warm", 1) <= 1 else int(a.bytes * proxy["warm"] / 2)
    secs = a.secs if not warm else proxy.get("warm", 1)
    args = sc["args"].replace("@D@", str(secs)).replace("@N@", str(n)).replace("@IDLE@", str(a.idle if not warm else 64)).split()
    if warm and "-rate" in args:  # warm up closed loop
        i = args.index("-rate")
        args = args[:i]
    if warm and mode == "idle":
        args[args.index("-d") + 1] = "0.2"
    key = args[args.index("-key") + 1] if "-key" in args else "ec"
    cmd = [f"{WORK}/load", mode, "-p", str(port), "-ca", f"{WORK}/certs/{key}.crt"] + args
    if proxy.get("plain"):
        cmd.append("-plain")
    if a.load_root:
        cmd = ["chroot", a.load_root] + cmd
    return cmd


def one(a, name, scn):
    sc, proxy = SCENARIOS[scn], PROXIES[name]
    mode = sc["mode"]
    port, bport = a.base_port, a.base_port + 1
    calib = json.loads(sh(f"{WORK}/crypto", "calib"))
    be = Proc([f"{WORK}/backend", BACKEND_MODE[mode], str(bport)])
    px = None
    procs = []
    try:
        be.line()
        px = Proxy(name, port, bport, "rsa" if "-key rsa" in sc["args"] else "ec")
        w = Proc(load_cmd(a, sc, port, proxy, True))
        procs.append(w)
        w.line(); w.say("go"); w.line(); w.say("end")
        wr = json.loads(w.line())
        w.end()
        time.sleep(0.3)
        pids = px.pids()
        mem0 = mem(pids)
        l = Proc(load_cmd(a, sc, port, proxy, False))
        procs.append(l)
        l.line()  # READY
        if mode == "idle":
            time.sleep(2)
        mem1 = mem(px.pids())
        be.say("stat"); b0 = json.loads(be.line())
        pids = px.pids()
        m0, t0, c0 = machine(), time.monotonic(), cpu(pids)
        l.say("go")
        l.line()  # DONE
        c1, t1, m1 = cpu(pids), time.monotonic(), machine()
        mem2 = mem(px.pids())
        same = px.pids() == pids
        be.say("stat"); b1 = json.loads(be.line())
        l.say("end")
        r = json.loads(l.line())
        l.end()
    finally:
        for q in procs:
            if q.p.poll() is None:
                q.p.kill(); q.p.wait()
        if px:
            px.stop()
        be.end()
    c = c1[0] - c0[0]
    wall = r["wall_s"]
    d = dict(proxy=name, scenario=scn, proxy_cpu_s=round(c, 6), ticks_user=round(c1[1] - c0[1], 2), ticks_sys=round(c1[2] - c0[2], 2),
             wall_s=wall, load=r, backend={k: b1[k] - b0[k] for k in b1}, processes=len(pids),
             pss_before=mem0[1], rss_before=mem0[0], pss_open=mem1[1], rss_open=mem1[0], pss_after=mem2[1], rss_after=mem2[0], calib_ns=calib["calib_ns"], gcm_ns=calib["gcm_ns"],
             other_cpu_s=round(m1[0] - m0[0] - c - r["load_cpu_s"] - (b1["cpu_s"] - b0["cpu_s"]), 3), steal_s=round(m1[1] - m0[1], 3), bad=[])
    bad = d["bad"]
    if r["errors"]: bad.append(f"{r['errors']} errors: {r['first_error']}")
    if wr["errors"]: bad.append(f"warm-up: {wr['first_error']}")
    if not same: bad.append("the proxy's processes changed during the run")
    if d["backend"]["bad"]: bad.append("backend got wrong bytes")
    if c <= 0: bad.append("no CPU time seen")
    if not proxy.get("plain"):
        want = ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", "X25519") if "-tls 12" in sc["args"] else ("TLSv1.3", "TLS_AES_128_GCM_SHA256", "X25519")
        if (r["version"], r["cipher"], r["group"]) != want: bad.append(f"negotiated {r['version']} {r['cipher']} {r['group']}")
    # the backend's own count of the work must agree with the load's
    be_in, be_out = d["backend"]["in"], d["backend"]["out"]
    if mode == "hs":
        n = r["handshakes"]
        d["us"] = c / n * 1e6
        d["per_s"] = n / wall
        d["p50_us"], d["p99_us"] = r["hs_p50_us"], r["hs_p99_us"]
        d["resumed_pct"] = 100 * r["resumed"] / n
        if be_in != n * 64 or be_out != n * 64 or d["backend"]["accepted"] < n: bad.append(f"backend saw {be_in // 64} echoes, {d['backend']['accepted']} connections, load counted {n}")
        if "-resume" not in sc["args"] and r["resumed"]: bad.append("resumed in a full-handshake run")
    elif mode in ("up", "down"):
        got = r["bytes_up"] if mode == "up" else r["bytes_down"]
        gb = got / 1e9
        d["s_per_gb"] = c / gb
        d["gb_per_s"] = gb / wall
        seen = be_in if mode == "up" else be_out
        if got != 8 * a.bytes: bad.append("load moved another amount")
        if seen != got + (64 if mode == "up" else 0): bad.append(f"backend moved {seen}, load {got}")
        if d["backend"]["finished"] != 8: bad.append("backend did not finish 8 transfers")
    elif mode == "pp":
        n = r["echoes"]
        d["us"] = c / n * 1e6
        d["per_s"] = n / wall
        d["p50_us"], d["p99_us"] = r["msg_p50_us"], r["msg_p99_us"]
        if be_in != n * 1024: bad.append(f"backend saw {be_in / 1024} messages, load {n}")
        if "-rate" in sc["args"] and abs(d["per_s"] / 8000 - 1) > 0.02: bad.append("rate not held")
    else:
        n = r["conns"]
        d["pss_kib_per_conn"] = (mem1[1] - mem0[1]) / n / 1024
        d["rss_kib_per_conn"] = (mem1[0] - mem0[0]) / n / 1024
        d["pss_base_mib"] = mem0[1] / 2**20
        if r["echoes"] != n: bad.append("not all idle connections alive")
    return d


METRICS = {"hs": [("us", "CPU us/handshake", 1), ("per_s", "handshakes/s", 0), ("p50_us", "p50 us", 0), ("p99_us", "p99 us", 0), ("resumed_pct", "resumed %", 1)],
           "up": [("s_per_gb", "CPU s/GB", 3), ("gb_per_s", "GB/s", 2)],
           "pp": [("us", "CPU us/round trip", 2), ("per_s", "round trips/s", 0), ("p50_us", "p50 us", 0), ("p99_us", "p99 us", 0)],
           "idle": [("pss_kib_per_conn", "PSS KiB/conn", 1), ("rss_kib_per_conn", "RSS KiB/conn", 1), ("pss_base_mib", "PSS at start MiB", 1)]}
METRICS["down"] = METRICS["up"]


def table(results, proxies, scenarios):
    out = []
    for scn in scenarios:
        m = METRICS[SCENARIOS[scn]["mode"]]
        rows = []
        for name in proxies:
            rs = [r for r in results if r["proxy"] == name and r["scenario"] == scn and not r["bad"]]
            if not rs:
                continue
            row = [name]
            for k, _, dig in m:
                v = [r[k] for r in rs]
                row.append(f"{statistics.median(v):.{dig}f} ({min(v):.{dig}f}-{max(v):.{dig}f})" if len(v) > 1 else f"{v[0]:.{dig}f}")
            row.append(f"{statistics.median([r['ticks_sys'] / max(r['ticks_sys'] + r['ticks_user'], .01) for r in rs]) * 100:.0f}")
            row.append(str(len(rs)))
            row.append(f"{max(r['other_pct'] for r in rs):.0f}")
            rows.append(row)
        if not rows:
            continue
        head = ["proxy"] + [h for _, h, _ in m] + ["system %", "runs", "max other CPU %"]
        out.append(f"\n### {scn}: {SCENARIOS[scn]['what']}\n")
        out.append("| " + " | ".join(head) + " |")
        out.append("|" + "---|" * len(head))
        out += ["| " + " | ".join(r) + " |" for r in rows]
    bad = [r for r in results if r["bad"]]
    if bad:
        out.append("\nRuns left out because a check failed:")
        out += [f"- {r['proxy']} {r['scenario']}: {'; '.join(r['bad'])}" for r in bad]
    return "\n".join(out)


def ratios(results):
    """The gateway's main figure over the better of the others, per scenario: medians of one run."""
    out = ["\n### gateway / better peer\n", "| scenario | what | gateway | best peer | ratio |", "|---|---|---|---|---|"]
    for suffix in ("", "-root"):
        for scn in SCENARIOS:
            key = METRICS[SCENARIOS[scn]["mode"]][0][0]
            med = {}
            for name in {r["proxy"] for r in results}:
                v = [r[key] for r in results if r["proxy"] == name and r["scenario"] == scn and not r["bad"]]
                if v and not PROXIES[name].get("plain") and name.endswith("-root") == bool(suffix):
                    med[name] = statistics.median(v)
            ours = med.get("gateway" + suffix)
            peers = [name for name in med if not name.startswith("gateway")]
            if ours is not None and peers:
                best = min(peers, key=med.get)
                out.append(f"| {scn}{suffix} | {SCENARIOS[scn]['what']} | {ours:.3f} | {med[best]:.3f} ({best}) | **{ours / med[best]:.2f}** |")
    return "\n".join(out) if len(out) > 3 else ""


def own_session(nice):
    """Run the rest in a session of its own with a high share of the processors: the kernel's autogroups
    share them out by session first, so a nice value alone would do little against others' builds."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        for s in (signal.SIGINT, signal.SIGTERM):
            signal.signal(s, lambda n, f: os.kill(child, signal.SIGTERM))
        while True:
            try:
                sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            except InterruptedError:
                pass
    os.setsid()

    def stop(n, f):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, stop)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        with open("/proc/self/autogroup", "w") as f:
            f.write(str(nice))
    except OSError:
        pass


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--proxies", default="nginx,haproxy", help="comma list, or 'all'")
    p.add_argument("--scenarios", default="S1,S2,S3,S4,S5,S6,S7", help=",".join(SCENARIOS))
    p.add_argument("--reps", type=int, default=3)
    p.add_argument("--secs", type=float, default=3, help="length of S1, S2, S5, S7, S8")
    p.add_argument("--bytes", type=int, default=192 << 20, help="bytes per connection in S3, S4 (8 connections)")
    p.add_argument("--idle", type=int, default=5000)
    p.add_argument("--base-port", type=int, default=20443)
    p.add_argument("--load-root", help="run the load client chrooted there (a newer OpenSSL makes it cheaper)")
    p.add_argument("--json", default=f"{WORK}/result.json", help="raw results; added to if it exists with --append")
    p.add_argument("--append", action="store_true")
    p.add_argument("--lock", default="/tmp/bench.lock", help="file locked during each measured run; '' for none")
    p.add_argument("--max-other", type=float, default=10, help="repeat a run in which others used more than this %% of the machine")
    p.add_argument("--nice", type=int, default=-15, help="priority of everything measured, so that others' builds disturb it less (0: leave)")
    p.add_argument("--pin", action="store_true", help="proxy on one processor, load and backend on the other")
    p.add_argument("--tries", type=int, default=3)
    p.add_argument("--list", action="store_true")
    a = p.parse_args()
    if a.list:
        for k, v in SCENARIOS.items(): print(k, v["what"])
        print(*PROXIES)
        return
    names = list(PROXIES) if a.proxies == "all" else a.proxies.split(",")
    scns = a.scenarios.split(",")
    for n in names:
        if n not in PROXIES: sys.exit(f"no proxy {n}; there are: {' '.join(PROXIES)}")
    for s in scns:
        if s not in SCENARIOS: sys.exit(f"no scenario {s}; there are: {' '.join(SCENARIOS)}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    build()
    if a.load_root:
        os.makedirs(f"{a.load_root}{WORK}/certs", exist_ok=True)
        shutil.copy2(f"{WORK}/load", f"{a.load_root}{WORK}/load.{os.getpid()}")
        os.replace(f"{a.load_root}{WORK}/load.{os.getpid()}", f"{a.load_root}{WORK}/load")  # it may be running
        shutil.copytree(f"{WORK}/certs", f"{a.load_root}{WORK}/certs", dirs_exist_ok=True)
    own_session(a.nice)
    global PIN
    PIN = a.pin
    results = json.load(open(a.json))["results"] if a.append and os.path.exists(a.json) else []
    lock = open(a.lock, "w") if a.lock else None
    for rep in range(a.reps):
        for scn in scns:
            for name in names:
                if scn in PROXIES[name].get("skip", []):
                    continue
                best = None
                for attempt in range(a.tries):  # again, if somebody else used the processors meanwhile
                    if lock: fcntl.flock(lock, fcntl.LOCK_EX)
                    try:
                        r = one(a, name, scn)
                    except Exception as e:
                        r = dict(proxy=name, scenario=scn, bad=[f"{type(e).__name__}: {e}"])
                    finally:
                        if lock: fcntl.flock(lock, fcntl.LOCK_UN)
                    if r["bad"]:
                        best = r
                        break
                    r["other_pct"] = 100 * r["other_cpu_s"] / r["wall_s"] / os.cpu_count()
                    if best is None or r["other_pct"] < best["other_pct"]:
                        best = r
                    if r["other_pct"] <= a.max_other:
                        break
                    time.sleep(1)
                r = best
                r["rep"], r["at"], r["attempts"] = rep, time.strftime("%H:%M:%S"), attempt + 1
                results.append(r)
                main_k = METRICS[SCENARIOS[scn]["mode"]][0][0]
                print(f"{r['at']} rep {rep} {scn} {name}: " + ("BAD " + "; ".join(r["bad"]) if r["bad"] else
                      f"{main_k} {r[main_k]:.3f}, other CPU {r['other_pct']:.0f}% ({r['attempts']} tries), steal {r['steal_s']:.2f} s, calib {r['calib_ns'] / 1e6:.0f} ms, gcm {r['gcm_ns'] / 1e6:.0f} ms"), file=sys.stderr, flush=True)
                with open(a.json, "w") as f:
                    json.dump(dict(machine=dict(cpu=open("/proc/cpuinfo").read().split("model name")[1].split("\n")[0].strip("\t: "), cores=os.cpu_count(), kernel=platform.release()),
                                   args=vars(a), results=results), f, indent=1)
    print(table(results, list(dict.fromkeys([r["proxy"] for r in results])), list(dict.fromkeys(s for s in SCENARIOS if any(r["scenario"] == s for r in results)))))
    print(ratios(results))


if __name__ == "__main__":
    main()
