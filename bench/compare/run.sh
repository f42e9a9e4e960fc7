#!/usr/bin/env bash
# Publishes the gateway and measures it beside the installed nginx and HAProxy, one machine, one run; prints tables and ratios.
#   bench/compare/run.sh [arguments of run.py, such as --scenarios S1,S3 --reps 1]
# Needs Debian's gcc libssl-dev python3 nginx libnginx-mod-stream haproxy, the .NET SDK, and root (raised priority).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export BENCH_WORK=${BENCH_WORK:-/tmp/bench-work}
for tool in gcc python3 nginx haproxy dotnet; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install gcc libssl-dev python3 nginx libnginx-mod-stream haproxy" >&2; exit 1; }
done
dotnet publish "$here/../../src/Gateway" -c Release -r "linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')" --no-self-contained \
    -o "$BENCH_WORK/gateway" -v quiet
peers=gateway,nginx-64k,haproxy,haproxy-64k
[ -z "${BENCH_ROOT:-}" ] || peers=$peers,gateway-root,nginx-64k-root,haproxy-root,haproxy-64k-root
exec python3 "$here/run.py" --proxies "$peers" --scenarios S1,S2,S3,S4,S5,S5r,S6 --secs 2 --bytes 134217728 "$@"
