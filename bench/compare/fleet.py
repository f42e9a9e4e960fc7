"""What being one of a fleet costs a gateway: idle, and how it grows with members. Needs root (network namespaces), openssl and a published gateway.

  dotnet publish src/Gateway -c Release -r linux-x64 --no-self-contained -o $BENCH_WORK/gateway
  python3 bench/compare/fleet.py idle --members 3     CPU, memory, bytes and packets of each, each in a network namespace of its own
  python3 bench/compare/fleet.py peers                two idle members on 127.0.0.2 and 127.0.0.3, until they are ended: for members.py
"""

import argparse
import glob
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

WORK = pathlib.Path(os.environ.get("BENCH_WORK", "/tmp/bench-work"))
FOLDER = WORK / "fleet"
GATEWAY = WORK / "gateway" / "gateway.dll"
NETWORK = "198.18.78"

# What runs once a second comes to its thousandth call, from which on the gateway compiles code for good, after a quarter of an hour. With the runtime's own 30 (hexadecimal here) that is behind us after two minutes.
ENV = {"DOTNET_TC_CallCountThreshold": "1E"}
# For many members on few cores: code that came compiled is never compiled again, which takes more than all the rest for minutes.
AS_IT_CAME = {"DOTNET_TieredCompilation": "0"}

CLUSTER = """cluster:
  bind: "@ADDRESS@:@PORT@"
  seeds: [@SEEDS@]
@MORE@  tls: { certificate: { certificate: @FOLDER@/@NAME@.crt, key: @FOLDER@/@NAME@.key }, authorities: @FOLDER@/ca.crt }
"""

IDLE = """stateFolder: @FOLDER@/state-@NAME@
eventLoops: 2
admin: { bind: "127.0.0.1:@ADMIN@" }
@CLUSTER@listeners:
  - { name: tls, bind: "@ADDRESS@:@LISTEN@", upstream: backend, tls: { certificates: [{ certificate: @FOLDER@/edge.crt, key: @FOLDER@/edge.key }] } }
upstreams:
  backend: { address: "127.0.0.1:9" }
"""


def sh(command):
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


def fill(text, **values):
    for name, value in values.items():
        text = text.replace(f"@{name.upper()}@", str(value))
    return text


def authority():
    """The members' authority and a server's certificate."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    sh(
        f"cd {FOLDER} && openssl req -x509 {curve} -keyout ca.key -out ca.crt -days 9 -subj '/CN=members' -addext basicConstraints=critical,CA:TRUE"
        f" && openssl req -x509 {curve} -keyout edge.key -out edge.crt -days 9 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )


def certificate(name, address):
    (FOLDER / "extensions").write_text(
        f"subjectAltName=DNS:members.tls-gateway,IP:{address}\nextendedKeyUsage=serverAuth,clientAuth\n"
    )
    sh(
        f"cd {FOLDER} && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"
        f" && openssl x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -extfile extensions -out {name}.crt"
    )


def cluster(name, address, port, seeds, more=""):
    """The section of a member; its certificate has been made."""
    return fill(CLUSTER, address=address, port=port, name=name, folder=FOLDER, more=more, seeds=", ".join(f'"{one}:{port}"' for one in seeds))


def start(name, text, space=None):
    configuration = FOLDER / f"{name}.yaml"
    configuration.write_text(text)
    inside = ["ip", "netns", "exec", space] if space else []
    return subprocess.Popen(
        [*inside, "dotnet", str(GATEWAY), "run", "--config", str(configuration)],
        env={**os.environ, **ENV},
        stdout=open(FOLDER / f"{name}.log", "w"),
        stderr=subprocess.STDOUT,
    )


def wait(process, space):
    """Until it serves: many that start at once on few cores would be in each other's way, and two would connect to each other both ways."""
    while subprocess.run(f"ip netns exec {space} curl -s http://127.0.0.1:9901/fleet", shell=True, capture_output=True).returncode:
        if process.poll() is not None:
            raise RuntimeError("A gateway has ended: see its log.")
        time.sleep(0.2)


def cpu(pid):
    """Nanoseconds, those of threads that have ended included; in steps of 10 ms."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def threads(pid):
    """Nanoseconds by the threads' names."""
    seen = {}
    for task in glob.glob(f"/proc/{pid}/task/*"):
        name = pathlib.Path(task, "comm").read_text().strip()
        seen[name] = seen.get(name, 0) + int(pathlib.Path(task, "schedstat").read_text().split()[0])
    return seen


def resident(pid):
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS")) / 1024


def traffic(space):
    base = "/sys/class/net/eth0/statistics"
    names = " ".join(f"{base}/{one}" for one in ("tx_bytes", "tx_packets", "rx_bytes", "rx_packets"))
    return [int(value) for value in sh(f"ip netns exec {space} cat {names}").split()]


def idle(options):
    if options.as_it_came:
        ENV.update(AS_IT_CAME)
    authority()
    members = range(1, options.members + 1)
    processes = {}
    sh(f"ip link add flb type bridge && ip addr add {NETWORK}.254/24 dev flb && ip link set flb up")
    try:
        for number in members:
            name, space, address = f"m{number}", f"fl{number}", f"{NETWORK}.{number}"
            sh(
                f"ip netns add {space} && ip link add {space}h type veth peer name eth0 netns {space} && ip link set {space}h master flb up"
                f" && ip -n {space} addr add {address}/24 dev eth0 && ip -n {space} link set eth0 up && ip -n {space} link set lo up"
            )
            certificate(name, address)
            seeds = [f"{NETWORK}.{one}" for one in list(members)[:3]]
            section = "" if options.members == 1 else cluster(name, address, 4053, seeds, f"  relay: {{ bind: \"{address}:4054\" }}\n")
            text = fill(IDLE, name=name, folder=FOLDER, address=address, listen=8443, admin=9901, cluster=section)
            processes[number] = start(name, text, space)
            wait(processes[number], space)
        time.sleep(options.warm)

        def look():
            return {one: (cpu(processes[one].pid), threads(processes[one].pid), traffic(f"fl{one}")) for one in members}

        before, began = look(), time.monotonic()
        time.sleep(options.seconds)
        after, took = look(), time.monotonic() - began
        total = [0, 0, 0]
        for one in members:
            (cpu0, threads0, traffic0), (cpu1, threads1, traffic1) = before[one], after[one]
            sent, sent_packets, received, received_packets = ((now - then) / took for then, now in zip(traffic0, traffic1))
            print(
                f"member {one}: {100 * (cpu1 - cpu0) / took / 1e9:.2f} % of a core, {resident(processes[one].pid):.0f} MiB resident,"
                f" {sent:.0f} B/s sent in {sent_packets:.1f} packets, {received:.0f} B/s received in {received_packets:.1f}"
            )
            total = [so_far + value for so_far, value in zip(total, ((cpu1 - cpu0) / took / 1e7, sent, sent_packets))]
            if options.threads:
                used = sorted(((threads1[name] - threads0.get(name, 0), name) for name in threads1), reverse=True)
                print("   ", ", ".join(f"{name} {100 * nanos / took / 1e9:.2f}" for nanos, name in used[:8]))
        share, sent, packets = (value / options.members for value in total)
        print(f"each: {share:.2f} % of a core, {sent:.0f} B/s sent in {packets:.1f} packets")
        if options.members > 1:
            fleet = json.loads(sh("ip netns exec fl1 curl -s http://127.0.0.1:9901/fleet"))
            up = sum(one["status"] == "up" for one in fleet["members"])
            print(f"{fleet['standing']}, {up} up")
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
        for number in members:
            subprocess.run(f"ip link delete fl{number}h; ip netns delete fl{number}", shell=True, capture_output=True)
        sh("ip link delete flb")


def peers(_):
    """For members.py: its member is 127.0.0.1."""
    authority()
    seeds = [f"127.0.0.{one}" for one in (1, 2, 3)]
    for one in (1, 2, 3):
        certificate(f"p{one}", f"127.0.0.{one}")
    processes = [
        start(
            f"p{one}",
            fill(
                IDLE,
                name=f"p{one}",
                folder=FOLDER,
                address=f"127.0.0.{one}",
                listen=28443,
                admin=29910 + one,
                cluster=cluster(f"p{one}", f"127.0.0.{one}", 24053, seeds),
            ),
        )
        for one in (2, 3)
    ]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        print("two members wait for the third; end with SIGTERM", flush=True)
        signal.pause()
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("idle")
    one.add_argument("--members", type=int, default=3)
    one.add_argument("--warm", type=float, default=150, help="seconds before")
    one.add_argument("--seconds", type=float, default=60)
    one.add_argument("--as-it-came", action="store_true", help="compile nothing again: for bytes, with more members than there are cores for")
    one.add_argument("--threads", action="store_true", help="by thread too")
    one.set_defaults(run=idle)
    commands.add_parser("peers").set_defaults(run=peers)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
