"""What a member of a fleet pays for its work: a gateway alone, and one of three (for BENCH_PROXIES).

  python3 bench/compare/fleet.py peers &
  BENCH_PROXIES=bench/compare/members.py python3 bench/compare/pairs.py --proxies member,alone --scenarios S1,S2,S5 --rounds 30
"""

import fleet
import proxies

ALONE = proxies.GATEWAY.replace("@ENGINE@", "openssl")
SEEDS = [f"127.0.0.{one}" for one in (1, 2, 3)]
MEMBER = ALONE + fleet.cluster("p1", "127.0.0.1", 24053, SEEDS, '  relay: { bind: "127.0.0.1:24054" }\n')

PROXIES = {
    "member": dict(proxies.gateway(), conf=MEMBER, warm=60),
    "alone": dict(proxies.gateway(), conf=ALONE, warm=60),
}
