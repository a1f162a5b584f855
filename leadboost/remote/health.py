"""How the daemon on a data folder is."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from leadboost.clock import SystemClock
from leadboost.folder import DataFolder
from leadboost.remote.client import Answer, connect, find_daemon


async def read_health(data_dir: Path) -> dict[str, JsonValue]:
    """Return ``running``, ``ready``, and with a daemon ``url``, ``checks`` and its health report."""
    folder, clock = DataFolder(data_dir), SystemClock()
    url = await find_daemon(folder, clock)
    if url is None:
        return {"running": False, "ready": False, "data_dir": str(data_dir)}
    async with connect(url, folder, clock) as remote:
        health = (await remote.get("/health", Answer, also=(503,))).root
        readiness = (await remote.get("/readyz", Answer, also=(503,))).root
    return {
        "running": True,
        "ready": readiness.get("ok") is True,
        "data_dir": str(data_dir),
        "url": url,
        "checks": readiness.get("checks"),
        **health,
    }


def describe(health: Mapping[str, JsonValue]) -> str:
    """Write it for a person."""
    if not health["running"]:
        return f"no daemon runs on {health['data_dir']}"
    lines = [f"{health.get('mode')} at {health['url']}, version {health.get('version')}"]
    checks, components, problems = (health.get(name) for name in ("checks", "components", "problems"))
    if isinstance(checks, dict):
        lines += [f"  check {name}: {state}" for name, state in checks.items()]
    if isinstance(components, list):
        lines += [_component(each) for each in components if isinstance(each, dict)]
    if isinstance(problems, list):
        lines += [f"  problem: {problem}" for problem in problems]
    return "\n".join(lines)


def _component(component: Mapping[str, JsonValue]) -> str:
    detail = f" ({component['detail']})" if component.get("detail") else ""
    return f"  {component.get('name')}: {component.get('state')}{detail}"
