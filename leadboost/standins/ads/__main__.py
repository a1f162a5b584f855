"""A stand-in as a process of its own, until SIGTERM or Ctrl-C.

    python -m leadboost.standins.ads meta_ads --port 0 --seed 7 --faults 0.3 --campaigns 3

Prints one line of JSON once it listens: ``{"url", "token", "account_id", "campaigns"}``.
"""

import argparse
import asyncio
import json
import signal
from collections.abc import Mapping
from typing import Any

from leadboost.clock import Rng
from leadboost.standins.ads import AdFaults, AdServer, StandInCampaign
from leadboost.standins.google_ads import GoogleAdsServer
from leadboost.standins.meta_ads import MetaAdsServer
from leadboost.standins.tiktok_ads import TikTokAdsServer

PLATFORMS: Mapping[str, tuple[type[AdServer], int]] = {
    "meta_ads": (MetaAdsServer, 120_210_000_000_000_001),
    "google_ads": (GoogleAdsServer, 21_000_000_001),
    "tiktok_ads": (TikTokAdsServer, 1_780_000_000_000_001),
}


def main() -> None:
    """Serve until told to stop."""
    asyncio.run(_serve(_arguments()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m leadboost.standins.ads", description=__doc__)
    parser.add_argument("platform", choices=sorted(PLATFORMS))
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=float, default=0.0, help="share of calls: trouble, and limits")
    parser.add_argument("--stale", type=float, default=0.0, help="seconds that readers see the old status")
    parser.add_argument("--campaigns", type=int, default=3)
    parser.add_argument("--token", default="standin-token")
    parser.add_argument("--account", default="1200000001")
    parser.add_argument("--currency", default="USD")
    return parser.parse_args()


async def _serve(given: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    make, first_id = PLATFORMS[given.platform]
    ids = [str(first_id + number) for number in range(given.campaigns)]
    shares = AdFaults.mixed(given.faults).as_json()
    options: dict[str, Any] = {
        "token": given.token,
        "account_id": given.account,
        "currency": given.currency,
        "campaigns": [StandInCampaign(id=each, name=f"DEMO campaign {each[-2:]}") for each in ids],
        "faults": AdFaults.from_json({**shares, "stale_s": given.stale}),
        "rng": Rng(given.seed),
    }
    server = make(**options)
    url = await server.start(given.port)
    try:
        ready = {"url": url, "token": given.token, "account_id": given.account, "campaigns": ids}
        print(json.dumps(ready), flush=True)
        await stop.wait()
    finally:
        await server.stop()


if __name__ == "__main__":
    main()
