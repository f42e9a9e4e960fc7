"""What it costs to look: the gateway with nothing on, and with all of it (for BENCH_PROXIES).

  BENCH_PROXIES=bench/compare/observed.py python3 bench/compare/pairs.py --proxies observed,unobserved --scenarios S1,S2,S5

observed: the access log as JSON with all fields, metrics and sampled traces sent by OTLP, the live view. Start beside it, once it listens:
  dotnet tests/OtlpReceiver/bin/Debug/net10.0/OtlpReceiver.dll >/tmp/otlp    (a collector; its port, the first line, in BENCH_OTLP before)
  node bench/compare/viewer.js http://127.0.0.1:29901/ui                    (a person who looks at the overview, in Chromium)
  while sleep 15; do curl -s http://127.0.0.1:29901/metrics >/dev/null; done
"""

import os

import proxies

OBSERVED = proxies.GATEWAY.replace("@ENGINE@", "openssl").replace(
    "admin: { bind: 127.0.0.1:0 }",
    """admin: { bind: 127.0.0.1:29901 }
accessLog: { output: "@DIR@/access.log", format: json }
telemetry: { otlp: { endpoint: "http://127.0.0.1:@OTLP@" } }""".replace("@OTLP@", os.environ.get("BENCH_OTLP", "4317")),
)
UNOBSERVED = proxies.GATEWAY.replace("@ENGINE@", "openssl").replace(
    "admin: { bind: 127.0.0.1:0 }", "admin: { bind: 127.0.0.1:0, liveView: false }"
)

# What a page does once a second comes to its thousandth call, from which on the gateway compiles code for good, after a quarter of an hour. With the runtime's own 30 (hexadecimal here) for both, that is behind us
# after five minutes (each method is compiled twice).
ENV = {"DOTNET_EnableDiagnostics": "0", "DOTNET_TC_CallCountThreshold": "1E"}
WARM_SECONDS = 300

PROXIES = {
    "observed": dict(proxies.gateway(), conf=OBSERVED, warm=WARM_SECONDS, env=ENV),
    "unobserved": dict(proxies.gateway(), conf=UNOBSERVED, warm=30, env=ENV),
}
