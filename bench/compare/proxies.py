"""The proxies that run.py can start. One entry each.

  cmd    the command line (list of words)
  conf   text of the configuration file, written to @CONF@ (optional)
  root   a root folder to chroot into (optional); certificates and @CONF@ are put there too
  env    extra environment (optional)
  warm   seconds of unmeasured load first (default 1; a JIT wants 10: with 3, .NET's handshakes looked 30 % dearer)
  plain  True: it speaks plain TCP to the client (a lower bound, not a TLS proxy)
  skip   scenarios that it cannot do

Tokens: @PORT@ where to listen (127.0.0.1), @BACKEND@ the backend's port (127.0.0.1),
@CERT@ and @KEY@ PEM files, @PEM@ both in one file, @CONF@ the configuration file,
@DIR@ a scratch folder of this proxy, @WORK@ the work folder (compiled programs).
"""

import os
import runpy

NGINX = """
daemon off;
user root;
worker_processes 2;
worker_rlimit_nofile 20000;
pid @DIR@/nginx.pid;
error_log @DIR@/error.log error;
load_module @MODULES@/ngx_stream_module.so;
events { worker_connections 16384; }
stream {
  server {
    listen 127.0.0.1:@PORT@ ssl backlog=4096;
    ssl_certificate @CERT@;
    ssl_certificate_key @KEY@;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_tickets on;
    proxy_pass 127.0.0.1:@BACKEND@;
    proxy_timeout 300s;
    @EXTRA@
  }
}
""".replace("@MODULES@", "/usr/lib/nginx/modules")

HAPROXY = """
global
  nbthread 2
  maxconn 8000
  ssl-default-bind-options ssl-min-ver TLSv1.2
  @EXTRA@
defaults
  mode tcp
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend f
  bind 127.0.0.1:@PORT@ backlog 4096 ssl crt @PEM@
  default_backend b
backend b
  server s 127.0.0.1:@BACKEND@
"""

def nginx(extra="", root=None):
    return dict(cmd=["/usr/sbin/nginx", "-p", "@DIR@", "-c", "@CONF@"], conf=NGINX.replace("@EXTRA@", extra), root=root)


def haproxy(extra="", root=None):
    return dict(cmd=["/usr/sbin/haproxy", "-db", "-q", "-f", "@CONF@"], conf=HAPROXY.replace("@EXTRA@", extra), root=root)


GATEWAY = """
drain: { timeout: 1s }
admin: { bind: 127.0.0.1:0 }
listeners:
  - name: bench
    bind: 127.0.0.1:@PORT@
    upstream: backend
    tls:
      engine: @ENGINE@
      certificates:
        - { certificate: @CERT@, key: @KEY@ }
    timeouts: { idle: 5m }
    limits: { connections: 20000, credit: "${CREDIT:-256KiB}" }
upstreams:
  backend: { address: 127.0.0.1:@BACKEND@ }
"""

# .NET compiles hot code again while it runs: its figures settle after about 10 s of load.
GATEWAY_WARM_SECONDS = 10


def gateway(root=None, engine="openssl"):
    folder = os.environ.get("GATEWAY_PUBLISH", "@WORK@/gateway")
    host = "/usr/bin/dotnet" if not root else "/usr/share/dotnet/dotnet"
    return dict(cmd=[host, f"{folder}/gateway.dll", "run", "--config", "@CONF@"], conf=GATEWAY.replace("@ENGINE@", engine), warm=GATEWAY_WARM_SECONDS, root=root,
                env={"DOTNET_EnableDiagnostics": "0"})


# A root folder with other versions of everything (BENCH_ROOT), such as one that debootstrap made from a newer Debian: its peers and the gateway
# (with the .NET runtime copied in) run chrooted there and get the suffix -root.
ROOT = os.environ.get("BENCH_ROOT")

PROXIES = {
    # lower bound: no TLS at all
    "plain-rw": dict(cmd=["@WORK@/relay", "rw", "@PORT@", "@BACKEND@", "2"], plain=True, skip=["S2", "S7", "S8"]),
    "gateway": gateway(),
    # the second engine
    "gateway-bc": gateway(engine="bouncycastle"),
    "nginx": nginx(),
    "nginx-64k": nginx("proxy_buffer_size 64k;"),
    "haproxy": haproxy(),
    "haproxy-64k": haproxy("tune.bufsize 65536"),
}
if ROOT:
    PROXIES.update({
        "gateway-root": gateway(root=ROOT),
        "nginx-root": nginx(root=ROOT),
        "nginx-64k-root": nginx("proxy_buffer_size 64k;", root=ROOT),
        "haproxy-root": haproxy(root=ROOT),
        "haproxy-64k-root": haproxy("tune.bufsize 65536", root=ROOT),
    })

# More entries from a file of your own, named in BENCH_PROXIES; it defines PROXIES in the same form.
if os.environ.get("BENCH_PROXIES"):
    PROXIES.update(runpy.run_path(os.environ["BENCH_PROXIES"])["PROXIES"])
