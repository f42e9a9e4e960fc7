"""What members of an idle fleet say to each other, message by message: what gossip.py goes by. Needs root and a published gateway (fleet.py).

  python3 bench/compare/messages.py plain --members 3               members without TLS on loopback, in a network namespace of their own: each message by its name, read from the wire
  python3 bench/compare/messages.py records --interface fl1h        beside `fleet.py idle`, whose first member has that interface: TLS records and TCP packets by their length
"""

import argparse
import collections
import ctypes
import os
import socket
import struct
import threading
import time

import fleet

PORT = 4053
TWIN = 4  # of a packet that loopback shows twice, the one that goes out


class Capture(threading.Thread):
    """Reads the packets of one interface until it is closed; hands on what TCP carries, connection by connection, and counts packets once counting is set."""

    def __init__(self, interface, hand_on):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((interface, 0))
        self.is_loopback = interface == "lo"
        self.hand_on = hand_on
        self.counting = False
        self.packets = collections.Counter()
        self.next = {}

    def run(self):
        while True:
            try:
                packet, (_, _, kind, _, _) = self.socket.recvfrom(70_000)
            except OSError:
                return
            if self.is_loopback and kind != TWIN or len(packet) < 54 or packet[12:14] != b"\x08\x00" or packet[23] != 6:
                continue
            start = 14 + 4 * (packet[14] & 15)
            ports = struct.unpack_from(">HH", packet, start)
            if PORT not in ports:
                continue
            sequence = struct.unpack_from(">I", packet, start + 4)[0]
            payload = packet[start + 4 * (packet[start + 12] >> 4) : 14 + struct.unpack_from(">H", packet, 16)[0]]
            connection = (packet[26:30], packet[30:34], *ports)
            if self.counting:
                self.packets[connection[0], len(payload)] += 1
            expected = self.next.get(connection, sequence)
            if payload and (sequence - expected) % (1 << 32) < 1 << 31:
                self.next[connection] = (sequence + len(payload)) % (1 << 32)
                self.hand_on(connection, payload)

    def close(self):
        self.socket.close()


class Streams:
    """Cuts what connections carry into pieces: `measure` says how long the first is, or None where that cannot be said yet."""

    def __init__(self, measure, take):
        self.measure, self.take = measure, take
        self.rest = collections.defaultdict(bytes)

    def __call__(self, connection, payload):
        rest = self.rest[connection] + payload
        while (length := self.measure(rest)) is not None and length <= len(rest):
            self.take(connection, rest[:length])
            rest = rest[length:]
        self.rest[connection] = rest


def frame_length(data):
    return 4 + struct.unpack_from("<I", data)[0] if len(data) >= 4 else None


def record_length(data):
    return 5 + struct.unpack_from(">H", data, 3)[0] if len(data) >= 5 else None


def fields(data):
    """Of a Protocol Buffers message, by number; of a field that is there more than once the first."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        match key & 7:
            case 0:
                value = varint()
            case 1:
                value, at = data[at : at + 8], at + 8
            case 2:
                length = varint()
                value, at = data[at : at + length], at + length
            case _:
                raise ValueError("no message")
        found.setdefault(key >> 3, value)
    return found


def name_of(frame):
    """What a frame carries: the manifest or serializer, and to whom."""
    protocol = fields(frame[4:])
    if 1 not in protocol:
        return "control of the transport"
    container = fields(protocol[1])
    if 2 not in container:
        return "acknowledgement of system messages"
    envelope = fields(container[2])
    path = fields(envelope[1])[1].decode().split("/", 3)[-1].split("#")[0]
    payload = fields(envelope[2])
    is_selection = payload.get(2) == 6
    if is_selection:
        payload = fields(fields(payload[1])[1])
    manifest = payload.get(3, b"").decode() or f"serializer {payload.get(2)}"
    return f"{manifest.split(',')[0].split('.')[-1]} to {'selection' if is_selection else path}"


def inside(space):
    """This process, and those that it starts, in a namespace."""
    with open(f"/run/netns/{space}") as handle:
        if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), 0x40000000):  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns")


def plain(options):
    fleet.authority()
    fleet.sh("ip netns add flm && ip -n flm link set lo up")
    processes = []
    try:
        inside("flm")
        seen = collections.defaultdict(list)

        def take(_, frame):
            if capture.counting:
                name = name_of(frame)
                seen[name].append(len(frame))
                if options.dump and len(seen[name]) == 1:
                    print(name, frame.hex())

        capture = Capture("lo", Streams(frame_length, take))
        capture.start()
        seeds = [f"127.0.0.{one}" for one in (1, 2, 3)][: options.members]
        for one in range(1, options.members + 1):
            address = f"127.0.0.{one}"
            section = fleet.cluster(f"m{one}", address, PORT, seeds, f'  relay: {{ bind: "{address}:4054" }}\n')
            section = "\n".join(line for line in section.splitlines() if not line.startswith("  tls:")) + "\n"
            text = fleet.fill(fleet.IDLE, name=f"m{one}", folder=fleet.FOLDER, address=address, listen=8443, admin=9900 + one, cluster=section)
            processes.append(fleet.start(f"m{one}", text))
        time.sleep(options.warm)
        capture.counting = True
        time.sleep(options.seconds)
        capture.counting = False
        print(f"{'of each member':58} a second   bytes (smallest, mean, largest frame)")
        for name, lengths in sorted(seen.items(), key=lambda one: -sum(one[1])):
            rate = len(lengths) / options.seconds / options.members
            print(f"{name:58} {rate:8.3f}   {min(lengths)} {sum(lengths) / len(lengths):.1f} {max(lengths)}")
        print(f"{sum(map(sum, seen.values())) / options.seconds / options.members:.0f} B/s in frames")
    finally:
        for process in processes:
            process.kill()
            process.wait()
        fleet.sh("ip netns delete flm")


def records(options):
    lengths = collections.Counter()

    def take(connection, record):
        if capture.counting and connection[0] == own:
            lengths[record[0], len(record)] += 1

    own = socket.inet_aton(options.address or f"{fleet.NETWORK}.1")
    capture = Capture(options.interface, Streams(record_length, take))
    capture.start()
    time.sleep(1)
    capture.counting = True
    time.sleep(options.seconds)
    capture.counting = False
    print("records sent, by length:")
    for (kind, length), count in sorted(lengths.items()):
        print(f"  type {kind} {length:6} bytes {count / options.seconds:8.3f} a second")
    print("packets sent, by payload:")
    for (source, length), count in sorted(capture.packets.items()):
        if source == own:
            print(f"  {length:6} bytes {count / options.seconds:8.3f} a second")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("plain")
    one.add_argument("--members", type=int, default=3)
    one.add_argument("--warm", type=float, default=60, help="seconds before")
    one.add_argument("--dump", action="store_true", help="the first of each, in hexadecimal")
    one.set_defaults(run=plain)
    two = commands.add_parser("records")
    two.add_argument("--interface", default="fl1h")
    two.add_argument("--address", help="whose are counted")
    two.set_defaults(run=records)
    for each in (one, two):
        each.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
