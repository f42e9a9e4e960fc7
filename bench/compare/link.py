"""A network namespace that is so many milliseconds away: two TUN devices and a thread that carries packets between them, each after its time. Needs root; no netem."""
import collections, fcntl, os, select, struct, subprocess, threading, time


def ip(*args):
    subprocess.run(["ip", *args], check=True)


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
    return fd


class FarNamespace:
    """A namespace `name`: here is 10.99.n.1, there is 10.99.n.2, and `delay` seconds lie between them each way."""

    def __init__(self, name, n, delay):
        self.name, self.here, self.there = name, f"10.99.{n}.1", f"10.99.{n}.2"
        ip("netns", "add", name)
        near, far = f"near{n}", f"far{n}"
        self.ends = (tun(near), tun(far))
        ip("addr", "add", f"{self.here}/24", "dev", near)
        ip("link", "set", near, "up")
        ip("link", "set", far, "netns", name)
        for args in (["addr", "add", f"{self.there}/24", "dev", far], ["link", "set", far, "up"], ["link", "set", "lo", "up"]):
            ip("-n", name, *args)
        self.open = True
        self.thread = threading.Thread(target=self.carry, args=(delay,), daemon=True)
        self.thread.start()

    def carry(self, delay):
        due = collections.deque()
        other = {self.ends[0]: self.ends[1], self.ends[1]: self.ends[0]}
        while self.open:
            wait = max(0, due[0][0] - time.monotonic()) if due else 0.1
            for fd in select.select(self.ends, [], [], wait)[0]:
                due.append((time.monotonic() + delay, other[fd], os.read(fd, 65536)))
            while due and due[0][0] <= time.monotonic():
                _, fd, packet = due.popleft()
                os.write(fd, packet)

    def close(self):
        self.open = False
        self.thread.join()
        for fd in self.ends:
            os.close(fd)
        ip("netns", "del", self.name)
