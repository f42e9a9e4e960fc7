"""What members of a fleet send each other, for fleets that are too large to be run here: a simulation, event by event. Standard library only, no gateway, no root.

  python3 bench/compare/gossip.py                             an idle fleet of 3, 10, 30 and 100: bytes a second by what is said, packets, messages
  python3 bench/compare/gossip.py --load                      with loads that change every second; --load 0.3: in three of ten
  python3 bench/compare/gossip.py --load --uneven             and every second member has too much, and asks for room (relay)
  python3 bench/compare/gossip.py --load --networks 1000      and client networks that are told (clientLimits), so many by each member
  python3 bench/compare/gossip.py --checks 200                and so many shared health checks a second in the fleet
  python3 bench/compare/gossip.py change --members 100        a member changes its state: until all know it, and what that costs

Lengths are those of the messages' own encoding. messages.py reads the same from the wire; `fleet.py idle` measures what this adds up to, for as many members as the machine takes.
One connection for each two members, as it is when they have started one after the other; two that start at the same time may have two, which is a heartbeat more every four seconds each way.
"""

import argparse
import collections
import heapq
import random

# Of FleetHocon.cs, and of Akka's own configuration where that says nothing.
HEARTBEAT_EVERY = 1.0
MONITORED_BY = 9
GOSSIP_EVERY = 1.0
DIFFERENT_VIEW = 0.8
REDUCED_FROM = 400  # members; to a tenth at three times as many
TOPICS_EVERY = 2.0
DATA_EVERY = 4.0
TRANSPORT_HEARTBEAT_EVERY = 4.0

# Of FleetActor.cs and BalanceActor.cs.
LOAD_EVERY = 1.0
TELL_UNCHANGED_AFTER = 3
TELL_DETAILS_AFTER = 10
QUESTIONS = 8

# A TLS 1.2 record: header, explicit nonce, tag. One has all that is written at once.
RECORD = 5 + 8 + 16
RECORD_CARRIES = 1 << 14
# Before each message of Akka.
LENGTH = 4
# Ethernet 14, IPv4 20, TCP 20 and its time stamps 12.
PACKET = 66
SEGMENT = 1448
# A connection that is quiet most of the time acknowledges at once, before there is an answer to go with it; of full packets every second one.
FULL_PACKETS_TO_AN_ACK = 2

# From a message being told to its packet, and from there to the actor that gets it.
FLUSH = 0.0003
TRAVEL = 0.0005


# Lengths in Protocol Buffers, of fields whose number is below 16.


def varint(value):
    return max(1, (value.bit_length() + 6) // 7)


def number(value):
    return 1 + varint(value) if value else 0


def block(length):
    return 1 + varint(length) + length


class Lengths:
    """Of a fleet whose members have addresses of the form 198.18.78.12:4053."""

    SYSTEM = "fleet"
    PORT = 4053
    PROTOCOL = "akka.ssl.tcp"
    HASH = 32
    UID = 5  # bytes of a random number of 32 bits

    def __init__(self, members, writers):
        hosts = [len(f"198.18.78.{one}") for one in range(1, members + 1)]
        self.host = round(sum(hosts) / members)
        self.members = members
        self.writers = writers
        self.address = block(len(self.SYSTEM)) + block(self.host) + number(self.PORT) + block(len(self.PROTOCOL))
        self.unique = block(self.address) + 1 + self.UID
        self.url = len(f"{self.PROTOCOL}://{self.SYSTEM}@:{self.PORT}/") + self.host
        # The name of a member in our own messages: the address as text, and the number of its incarnation.
        self.member = block(block(self.url - 1) + 1 + self.UID)

    def frame(self, payload, manifest, to, sender, serializer=1, selection=()):
        """A message to an actor, or, with the names of a path, to a selection."""
        inner = block(payload) + number(serializer) + (block(len(manifest)) if manifest else 0)
        if selection:
            inner = block(block(inner) + sum(block(number(2) + block(len(one))) for one in selection)) + number(6)
        recipient = block(block(self.url + len(to)))
        from_whom = block(block(self.url + len(sender))) if sender else 0
        return LENGTH + block(block(recipient + block(inner) + from_whom + 9))

    # Akka.Cluster

    def clock(self):
        return sum(block(number(one) + number(100)) for one in range(self.writers))

    def heartbeat(self):
        payload = block(self.address) + number(1000) + number(1 << 40)
        return self.frame(
            payload, "HB", "", "system/cluster/core/daemon/heartbeatSender#1234567890", 5, ("system", "cluster", "heartbeatReceiver")
        )

    def heartbeat_answer(self):
        payload = block(self.unique) + number(1000) + number(1 << 40)
        return self.frame(
            payload, "HBR", "system/cluster/core/daemon/heartbeatSender#1234567890", "system/cluster/heartbeatReceiver#1234567890", 5
        )

    def gossip_status(self):
        payload = block(self.unique) + self.writers * block(self.HASH) + block(self.clock())
        return self.to_cluster(payload, "Akka.Cluster.GossipStatus, Akka.Cluster")

    def gossip(self, seen):
        """All that is known of all members."""
        each = block(self.unique) + block(number(64) + number(64) + number(1) + block(1))
        shared = block(len("gateway")) + block(len("1.0.0.0")) + self.writers * block(self.HASH) + block(self.clock())
        whole = self.members * each - number(64) + shared + block(block(seen))
        payload = 2 * block(self.unique) + block(whole)
        return self.to_cluster(payload, "Akka.Cluster.GossipEnvelope, Akka.Cluster")

    def to_cluster(self, payload, manifest):
        return self.frame(payload, manifest, "", "system/cluster/core/daemon#1234567890", 5, ("system", "cluster", "core", "daemon"))

    # Akka's registries: of topics, with a version for each member; of shared data, with a digest for each key.

    def topics_status(self):
        payload = self.members * block(block(self.address) + number(1 << 48))
        return self.frame(
            payload, "A", "", "system/distributedPubSubMediator#1234567890", 9, ("system", "distributedPubSubMediator")
        )

    def data_status(self):
        payload = number(1) + block(block(len("ticket-keys")) + block(20))
        return self.frame(payload, "M", "", "user/ddataReplicator#1234567890", 12, ("user", "ddataReplicator"))

    def transport_heartbeat(self):
        return LENGTH + block(number(3))

    # Our own

    def published(self, payload, manifest, topic, sender):
        return self.frame(payload, manifest, f"system/distributedPubSubMediator/{topic}#1234567890", f"user/{sender}#1234567890", 4053)

    def load(self, is_busy):
        busy = number(2000) + 9 + number(1 << 13) + 3 * number(10) if is_busy else number(1 << 13)
        return self.published(self.member + number(1000) + busy + number(3), "load-1", "fleet", "fleet")

    def details(self):
        certificate = block(block(3) + block(9) + block(40) + number(1 << 31))
        text = block(len("gateway-0")) + block(len("2.1.0+") + 40) + block(len("ready")) + block(12) + block(len("fleet"))
        payload = self.member + number(1000) + text + number(1) + certificate + number(1000) + number(1000) + number(1 << 16)
        return self.published(payload, "details-1", "fleet", "fleet")

    def client_use(self, networks):
        payload = self.member + number(1000) + number(32) + number(64) + networks * block(block(16) + number(200) + number(20))
        return self.published(payload, "client-use-1", "client-use", "client-use")

    def checked(self):
        return self.published(self.member + block(32) + number(1) + number(3), "health-1", "shared-work", "")

    def question(self):
        return self.frame(self.member + 9 + number(25), "room-question-1", "user/balance", "user/balance#1234567890", 4053)

    def answer(self):
        payload = self.member + number(25) + block(self.host) + number(4054)
        return self.frame(payload, "room-answer-1", "user/balance#1234567890", "user/balance#1234567890", 4053)


class Clock:
    """Runs what is due, in its order."""

    def __init__(self):
        self.now = 0.0
        self.due = []
        self.count = 0

    def at(self, when, do, *what):
        self.count += 1
        heapq.heappush(self.due, (when, self.count, do, what))

    def after(self, seconds, do, *what):
        self.at(self.now + seconds, do, *what)

    def every(self, seconds, first, do):
        def again():
            do()
            self.after(seconds, again)

        self.at(first, again)

    def run(self, until):
        while self.due and self.due[0][0] <= until:
            self.now, _, do, what = heapq.heappop(self.due)
            do(*what)
        self.now = until


class Way:
    """One direction of the connection of two members: what is told within a moment goes in one record."""

    def __init__(self, clock, sender):
        self.clock, self.sender = clock, sender
        self.back = None
        self.waiting = []

    def send(self, kind, length, receive):
        if not self.waiting:
            self.clock.after(FLUSH, self.flush)
        self.waiting.append((kind, length, receive))

    def flush(self):
        told, self.waiting = self.waiting, []
        counts = self.sender.counts
        carried = sum(length for _, length, _ in told)
        for kind, length, _ in told:
            counts[kind] += length
        records = RECORD * -(-carried // RECORD_CARRIES)
        packets = -(-(carried + records) // SEGMENT)
        counts["messages"] += len(told)
        counts["packets"] += packets
        counts["headers"] += records + packets * PACKET
        self.clock.after(TRAVEL, self.back.arrived, told, packets)

    def arrived(self, told, packets):
        """At the member that sends this way: what came the other."""
        acks = -(-packets // FULL_PACKETS_TO_AN_ACK)
        counts = self.sender.counts
        counts["packets"] += acks
        counts["headers"] += acks * PACKET
        counts["received"] += len(told)
        for _, _, receive in told:
            if receive:
                receive()


class Member:
    """One gateway: its timers, what it knows of the cluster's state, and what it has sent."""

    def __init__(self, fleet, place):
        self.fleet, self.place = fleet, place
        self.counts = collections.Counter()
        self.version, self.seen = 0, fleet.everyone
        self.ticks = self.unchanged = 0
        others = [one for one in range(fleet.size) if one != place]
        self.others = others
        self.monitored = [fleet.ring[(fleet.ring.index(place) + one) % fleet.size] for one in range(1, min(MONITORED_BY, fleet.size - 1) + 1)]

    def begin(self):
        """Members have started at different times; one's own timers run in step, the cluster's and the others on two wheels."""
        clock, chance = self.fleet.clock, self.fleet.chance
        cluster, wheel = chance.random(), chance.random() / 4
        clock.every(HEARTBEAT_EVERY, cluster, self.heartbeat)
        clock.every(GOSSIP_EVERY, cluster, self.gossip_tick)

        def first(every):
            return wheel + 0.25 * chance.randrange(round(every / 0.25))

        clock.every(TOPICS_EVERY, first(TOPICS_EVERY), self.topics)
        clock.every(DATA_EVERY, first(DATA_EVERY), self.data)
        self.ticks, self.unchanged = chance.randrange(TELL_DETAILS_AFTER), chance.randrange(TELL_UNCHANGED_AFTER)
        clock.every(LOAD_EVERY, first(LOAD_EVERY), self.load)
        for other in self.others:
            clock.every(TRANSPORT_HEARTBEAT_EVERY, first(TRANSPORT_HEARTBEAT_EVERY), lambda other=other: self.tell(other, "transport", "transport_heartbeat"))

    def tell(self, other, kind, length, receive=None, *what):
        length = length if isinstance(length, int) else self.fleet.length(length)
        self.fleet.ways[self.place, other].send(kind, length, receive and (lambda: receive(*what)))

    def any_other(self):
        return self.fleet.chance.choice(self.others)

    def heartbeat(self):
        for other in self.monitored:
            self.tell(other, "heartbeats", "heartbeat", self.fleet.members[other].answer_heartbeat, self.place)

    def answer_heartbeat(self, other):
        self.tell(other, "heartbeats", "heartbeat_answer")

    # The cluster's state: its version, and who is known to have seen it.

    def gossip_tick(self):
        self.gossip()
        for part in (1, 2):
            if self.is_hurried():
                self.fleet.clock.after(GOSSIP_EVERY * part / 3, lambda: self.is_hurried() and self.gossip())

    def is_hurried(self):
        return self.seen.bit_count() < self.fleet.size // 2

    def gossip(self):
        unseen = [one for one in self.others if not self.seen >> one & 1]
        if unseen and self.fleet.chance.random() < self.fleet.different_view:
            self.tell_state(self.fleet.chance.choice(unseen))
            return
        other = self.any_other()
        if self.seen >> other & 1:
            self.tell(other, "cluster gossip", "gossip_status", self.fleet.members[other].hear_version, self.place, self.version)
        else:
            self.tell_state(other)

    def tell_state(self, other):
        self.counts["states"] += 1
        self.tell(
            other, "cluster gossip", self.fleet.lengths.gossip(self.seen.bit_count()),
            self.fleet.members[other].hear_state, self.place, self.version, self.seen,
        )  # fmt: skip

    def hear_version(self, other, version):
        if version > self.version:
            self.tell(other, "cluster gossip", "gossip_status", self.fleet.members[other].hear_version, self.place, self.version)
        elif version < self.version:
            self.tell_state(other)

    def hear_state(self, other, version, seen):
        is_answered = version < self.version or not seen >> self.place & 1
        if version == self.version:
            self.seen |= seen
        elif version > self.version:
            self.version, self.seen = version, seen | 1 << self.place
        if is_answered:
            self.tell_state(other)

    def change(self):
        self.version, self.seen = self.version + 1, 1 << self.place

    # The registries: all have the same.

    def topics(self):
        self.tell(self.any_other(), "topics", "topics_status")

    def data(self):
        self.tell(self.any_other(), "shared data", "data_status")

    # Our own.

    def load(self):
        self.ticks += 1
        options = self.fleet.options
        self.unchanged += 1
        if self.fleet.chance.random() < options.load or self.unchanged == TELL_UNCHANGED_AFTER:
            self.unchanged = 0
            self.publish("loads", self.fleet.length("busy_load" if options.load else "idle_load"))
        if self.ticks % TELL_DETAILS_AFTER == 0:
            self.publish("details", "details")
        if options.networks:
            self.publish("client networks", self.fleet.length("client_use"))
        if options.checks:
            self.fleet.spread(options.checks / self.fleet.size, lambda: self.publish("checks", "checked"))
        if options.uneven and self.place % 2:
            for _ in range(QUESTIONS):
                other = self.fleet.chance.randrange(0, self.fleet.size, 2)
                self.tell(other, "room", "question", self.fleet.members[other].answer_room, self.place)

    def answer_room(self, other):
        self.tell(other, "room", "answer")

    def publish(self, kind, length):
        for other in self.others:
            self.tell(other, kind, length)


class Fleet:
    def __init__(self, size, options, seed=1):
        self.size, self.options = size, options
        self.chance = random.Random(seed)
        self.clock = Clock()
        self.everyone = (1 << size) - 1
        self.different_view = different_view(size)
        self.lengths = Lengths(size, min(options.writers, size))
        self.known = {"busy_load": self.lengths.load(True), "idle_load": self.lengths.load(False), "client_use": self.lengths.client_use(options.networks)}
        self.ring = list(range(size))
        self.chance.shuffle(self.ring)
        self.members = [Member(self, place) for place in range(size)]
        self.ways = {(one, other): Way(self.clock, self.members[one]) for one in range(size) for other in range(size) if one != other}
        for (one, other), way in self.ways.items():
            way.back = self.ways[other, one]
        for member in self.members:
            member.begin()

    def length(self, name):
        if name not in self.known:
            self.known[name] = getattr(self.lengths, name)()
        return self.known[name]

    def spread(self, count, do):
        """So often within the next second; a part of one by chance."""
        whole = int(count) + (self.chance.random() < count % 1)
        for _ in range(whole):
            self.clock.after(self.chance.random(), do)

    def forget_counts(self):
        for member in self.members:
            member.counts.clear()


def different_view(size):
    """How often gossip goes to one who has not seen the state, if there is one."""
    low, high = REDUCED_FROM, 3 * REDUCED_FROM
    part = min(1, max(0, (size - low) / (high - low)))
    return DIFFERENT_VIEW * (1 - 0.9 * part)


KINDS = ("heartbeats", "cluster gossip", "topics", "shared data", "transport", "loads", "details", "room", "client networks", "checks", "headers")


def steady(options):
    rows = []
    for size in options.members:
        fleet = Fleet(size, options, options.seed)
        fleet.clock.run(options.warm)
        fleet.forget_counts()
        fleet.clock.run(options.warm + options.seconds)
        total = sum((member.counts for member in fleet.members), collections.Counter())
        each = {kind: value / size / options.seconds for kind, value in total.items()}
        each["bytes"] = sum(each.get(kind, 0) for kind in KINDS)
        most = max(sum(member.counts[kind] for kind in KINDS) for member in fleet.members) / options.seconds
        rows.append((size, each, most))
    print("sent by each member, a second".ljust(30) + "".join(f"{size:>10}" for size, _, _ in rows))
    for kind in (*KINDS, "bytes"):
        if any(each.get(kind) for _, each, _ in rows):
            print(f"{kind + ', B' if kind != 'bytes' else 'all, B':30}" + "".join(f"{each.get(kind, 0):10.0f}" for _, each, _ in rows))
    print(f"{'most of a member, B':30}" + "".join(f"{most:10.0f}" for _, _, most in rows))
    for kind in ("packets", "messages", "received"):
        print(f"{kind:30}" + "".join(f"{each[kind]:10.1f}" for _, each, _ in rows))


def change(options):
    """One member makes a new state of the cluster; again and again, to have a mean."""
    for size in options.members:
        times, sent, states = [], [], []
        for seed in range(options.seed, options.seed + options.rounds):
            fleet = Fleet(size, options, seed)
            fleet.clock.run(options.warm)
            fleet.forget_counts()
            origin = fleet.chance.choice(fleet.members)
            origin.change()
            began = fleet.clock.now
            known = None
            while not any(member.version and member.seen == fleet.everyone for member in fleet.members):
                fleet.clock.run(fleet.clock.now + 0.05)
                if known is None and all(member.version for member in fleet.members):
                    known = fleet.clock.now - began
            spent = fleet.clock.now - began
            times.append((known, spent))
            total = sum((member.counts for member in fleet.members), collections.Counter())
            sent.append(total["cluster gossip"] / size)
            states.append(total["states"] / size)
        middle = len(times) // 2
        print(
            f"{size} members: all know after {sorted(one for one, _ in times)[middle]:.1f} s, one knows that all know after {sorted(one for _, one in times)[middle]:.1f} s;"
            f" by each {sorted(states)[middle]:.1f} states of {fleet.lengths.gossip(size)} bytes, {sorted(sent)[middle]:.0f} bytes of gossip"
        )


def numbers(text):
    return [int(one) for one in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("steady", "change"), default="steady")
    parser.add_argument("--members", type=numbers, default=[3, 10, 30, 100])
    parser.add_argument("--load", type=float, nargs="?", default=0.0, const=1.0, help="part of all seconds in which a load has changed")
    parser.add_argument("--uneven", action="store_true", help="half of the members ask the other half for room")
    parser.add_argument("--networks", type=int, default=0, help="client networks that each member tells")
    parser.add_argument("--checks", type=float, default=0, help="shared health checks a second in the whole fleet")
    parser.add_argument("--writers", type=int, default=1, help="members that have changed the cluster's state so far: each is in its version")
    parser.add_argument("--warm", type=float, default=5, help="seconds before, simulated")
    parser.add_argument("--seconds", type=float, default=60, help="simulated")
    parser.add_argument("--rounds", type=int, default=9, help="of change")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    {"steady": steady, "change": change}[options.what](options)


if __name__ == "__main__":
    main()
