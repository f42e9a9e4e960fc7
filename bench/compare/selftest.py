#!/usr/bin/env python3
"""Does the harness see faults? Runs the load client against good and broken relays and TLS servers
(Python's ssl, small loads, loopback only). Prints one line a check; exit status 0 if all are as they should be."""
import json, os, socket, ssl, subprocess, sys, threading
import run

W, P = run.WORK, 21443
run.build()
passed = failed = 0


class Relay:
    """A relay with a fault: hook(direction, position, bytes) -> bytes, or None to close the connection."""

    def __init__(self, hook=None, ctx=None):
        self.hook, self.ctx = hook, ctx
        self.l = socket.create_server(("127.0.0.1", P), backlog=64)
        self.stop = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.l.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.ctx:
                c = self.ctx.wrap_socket(c, server_side=True)
            b = socket.create_connection(("127.0.0.1", P + 1))
            b.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.ctx:  # one thread only: an SSL object is not for two
                return self.turns(c, b)
            t = threading.Thread(target=self.copy, args=(b, c, "down"), daemon=True)
            t.start()
            self.copy(c, b, "up")
            t.join()
        except OSError:
            pass
        finally:
            c.close()

    def turns(self, c, b):
        while d := c.recv(16384):
            b.sendall(d)
            n = len(d)
            while n:
                e = b.recv(n)
                c.sendall(e)
                n -= len(e)

    def copy(self, s, t, way):
        pos = 0
        try:
            while d := s.recv(65536):
                e = self.hook(way, pos, d) if self.hook else d
                pos += len(d)
                if e is None:
                    s.shutdown(socket.SHUT_RDWR); t.shutdown(socket.SHUT_RDWR)
                    return
                t.sendall(e)
            t.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.l.shutdown(socket.SHUT_RDWR)
        self.l.close()


def flip(way_, at):
    def h(way, pos, d):
        if way == way_ and pos <= at < pos + len(d):
            d = bytearray(d); d[at - pos] ^= 1
        return bytes(d)
    return h


def lose(way_, at):  # one byte less
    return lambda way, pos, d: d[:at - pos] + d[at - pos + 1:] if way == way_ and pos <= at < pos + len(d) else d


def cut(way_, at):
    return lambda way, pos, d: None if way == way_ and pos + len(d) > at else d


def swap_blocks():  # the right bytes in the wrong order
    def h(way, pos, d):
        return d[4096:8192] + d[:4096] + d[8192:] if way == "up" and pos > 100000 and len(d) >= 8192 else d
    return h


def check(what, mode, relay, args, good, counter=None, backend=None, also=None):
    global passed, failed
    be = run.Proc([f"{W}/backend", backend or run.BACKEND_MODE[mode], str(P + 1)])
    be.line()
    r = Relay(*relay) if relay is not None else None
    l = run.Proc([f"{W}/load", mode, "-p", str(P)] + args.split())
    try:
        l.line(); l.say("go"); l.line(); l.say("end")
        d = json.loads(l.line())
        rc = l.p.wait(10)
    finally:
        l.end()
        be.end()
        if r: r.close()
    ok = (d["errors"] == 0 and rc == 0) if good else (d["errors"] > 0 and rc != 0)
    if counter: ok = ok and d[counter] > 0
    if also: ok = ok and also(d)
    passed += ok
    failed += not ok
    print(("ok   " if ok else "FAIL ") + what + f"  [errors {d['errors']}: {d['first_error'].strip()}]")


def ctx(kind="ec", tls="TLSv1_3", tickets=2, ciphers=None, curve=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(f"{W}/certs/{kind}.crt", f"{W}/certs/{kind}.key")
    c.minimum_version = c.maximum_version = getattr(ssl.TLSVersion, tls)
    c.num_tickets = tickets
    if curve: c.set_ecdh_curve(curve)
    if ciphers: c.set_ciphers(ciphers)
    return c


EC = f"-ca {W}/certs/ec.crt"
B = "-plain -c 2 -n 3000000"
check("plain echo through a good relay", "pp", (), "-plain -c 4 -m 1024 -d 0.3", True, "echoes")
check("upload through a good relay", "up", (), B, True, also=lambda d: d["bytes_up"] == 6000000)
check("download through a good relay", "down", (), B, True, also=lambda d: d["bytes_down"] == 6000000)
check("upload, one bit flipped", "up", (flip("up", 1234567),), B, False, "e_mismatch")
check("upload, blocks swapped", "up", (swap_blocks(),), B, False, "e_mismatch")
check("upload, cut off", "up", (cut("up", 1234567),), B, False)
check("download, one bit flipped", "down", (flip("down", 1234567),), B, False, "e_mismatch")
check("download, one byte lost", "down", (lose("down", 1234567),), B, False, "e_mismatch")
check("download, cut off", "down", (cut("down", 1234567),), B, False, "e_eof")
check("ping-pong, one bit flipped", "pp", (flip("down", 50000),), "-plain -c 2 -m 1024 -d 0.3", False, "e_mismatch")
check("ping-pong, closed in the middle", "pp", (cut("down", 50000),), "-plain -c 2 -m 1024 -d 0.3", False)
check("nobody listens", "hs", None, EC + " -c 2 -d 0.3", False, "e_connect")
check("TLS 1.3 handshakes", "hs", (None, ctx()), EC + " -c 4 -d 0.5", True, "full", also=lambda d: d["resumed"] == 0 and d["group"] == "X25519")
check("TLS 1.3 resumption", "hs", (None, ctx()), EC + " -c 4 -d 0.5 -resume", True, "resumed", also=lambda d: d["full"] == 0)
check("a server without tickets: resumed must be 0", "hs", (None, ctx(tickets=0)), EC + " -c 4 -d 0.5 -resume", True, "full", also=lambda d: d["resumed"] == 0)
check("TLS 1.2 handshakes", "hs", (None, ctx(tls="TLSv1_2")), EC + " -c 4 -d 0.5 -tls 12", True, "full", also=lambda d: d["version"] == "TLSv1.2")
check("a TLS 1.2 server asked for 1.3", "hs", (None, ctx(tls="TLSv1_2")), EC + " -c 2 -d 0.3", False, "e_tls")
check("a server that only does P-256 key exchange", "hs", (None, ctx(curve="prime256v1")), EC + " -c 2 -d 0.3", False, "e_tls")
check("a TLS 1.2 server that picks P-256", "hs", (None, ctx(tls="TLSv1_2", curve="prime256v1")), EC + " -c 2 -d 0.3 -tls 12", False, "e_param")
check("a TLS 1.2 server without AES-128-GCM", "hs", (None, ctx(tls="TLSv1_2", ciphers="ECDHE+CHACHA20")), EC + " -c 2 -d 0.3 -tls 12", False, "e_tls")
check("an RSA server asked for P-256", "hs", (None, ctx("rsa")), EC + " -c 2 -d 0.3", False, "e_tls")
check("RSA-2048 handshakes", "hs", (None, ctx("rsa")), f"-ca {W}/certs/rsa.crt -key rsa -c 4 -d 0.5", True, "full")
check("another certificate than expected", "hs", (None, ctx()), f"-ca {W}/certs/rsa.crt -c 2 -d 0.3", False, "e_tls")
check("plain bytes to a TLS port", "pp", (None, ctx()), "-plain -c 2 -m 1024 -d 0.3", False)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
