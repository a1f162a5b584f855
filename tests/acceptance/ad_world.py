"""A daemon beside ad accounts that outlive it."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from bench.servers import die_with_parent, lasting_port, wait_for
from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens
from tests.acceptance.process import Process

FIRST_ID = 120_210_000_000_000_001
HOSTS = {"LEADBOOST_CONNECTORS__ALLOW_HOSTS": '["127.0.0.1"]'}


def request(url: str, *, token: str = "", method: str = "GET", body: object = None, **headers: str) -> Any:
    """Send JSON and return the parsed answer. Raises OSError, also for a connection that is cut."""
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None
    if body is not None:
        headers["Content-Type"], data = "application/json", json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)
    except HTTPError as problem:
        with problem:
            raise AssertionError(f"{method} {url}: {problem.code} {problem.read()[:300]!r}") from None
    except HTTPException as cut:
        raise ConnectionError(str(cut)) from cut


@dataclass
class AdAccount:
    """The stand-in of an ad platform, in a process of its own."""

    platform: str
    url: str
    token: str
    account_id: str
    campaigns: tuple[str, ...]

    @property
    def environ(self) -> dict[str, str]:
        """What connects a daemon to it."""
        settings = {"ENABLED": "true", "BASE_URL": self.url, "ACCOUNT_ID": self.account_id}
        if self.platform == "google_ads":
            login = {"CLIENT_ID": "demo-client", "CLIENT_SECRET": "demo-secret"}
            settings |= login | {"REFRESH_TOKEN": self.token, "TOKEN_URL": f"{self.url}/token"}
        else:
            settings["ACCESS_TOKEN"] = self.token
        prefix = f"LEADBOOST_CONNECTORS__{self.platform.upper()}__"
        return {prefix + name: text for name, text in settings.items()}

    def state(self) -> Any:
        return request(self.url + "/_control")

    def status(self, campaign_id: str) -> str:
        status: str = self.state()["campaigns"][campaign_id]
        return status

    def await_status(self, campaign_id: str, status: str, *, seconds: float = 20) -> None:
        wait_for(lambda: self.status(campaign_id) == status, f"{campaign_id} {status}", seconds=seconds)

    def add(self, campaign_id: str) -> None:
        """Make a campaign, or let it run as a person does by hand."""
        request(f"{self.url}/_control/campaigns/{campaign_id}", method="PUT", body={"status": "ACTIVE"})

    def fault(self, **faults: object) -> None:
        request(self.url + "/_control/faults", method="PUT", body=faults)

    def pauses(self, campaign_id: str) -> list[datetime]:
        """When its pause was asked for."""
        return [
            datetime.fromisoformat(call["at"])
            for call in self.state()["calls"]
            if call["set_status"] == "PAUSED" and campaign_id in call["campaigns"]
        ]


@contextmanager
def ad_account(*options: str, platform: str = "meta_ads") -> Iterator[AdAccount]:
    """Run the stand-in for as long as the block lasts."""
    command = [sys.executable, "-m", "leadboost.standins.ads", platform, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            campaigns = tuple(ready["campaigns"])
            yield AdAccount(platform, ready["url"], ready["token"], ready["account_id"], campaigns)
        finally:
            process.terminate()


@dataclass
class Shop:
    """A daemon that can die and come back, connected to the accounts; it keeps its port."""

    data_dir: Path
    accounts: Sequence[AdAccount]
    gap_s: float = 1.0
    watch_s: float = 60.0
    rules: str | None = None
    port: int = field(default_factory=lasting_port)
    daemon: Process | None = None

    def start(self, crash: str | None = None) -> None:
        environ = {
            "LEADBOOST_PROFILE": "test",
            "LEADBOOST_TESTING__CRASH_POINTS": "true",
            "LEADBOOST_SAFETY__READ_BACK_GAP_S": str(self.gap_s),
            "LEADBOOST_SAFETY__WATCH_EVERY_S": str(self.watch_s),
            "LEADBOOST_SAFETY__COOL_OFF_S": "0",
            **HOSTS,
        }
        for account in self.accounts:
            environ |= account.environ
        if self.rules is not None:
            file = self.data_dir.parent / "rules.toml"
            file.write_text(self.rules)
            environ["LEADBOOST_SAFETY__RULES"] = str(file)
        if crash:
            environ["LEADBOOST_CRASH"] = crash
        self.daemon = Process(self.data_dir, "--port", str(self.port), **environ)
        self.daemon.up()

    def kill(self) -> None:
        assert self.daemon is not None
        self.daemon.process.kill()
        self.daemon.bury()

    def await_death(self) -> None:
        """Wait for a crash point to end it."""
        assert self.daemon is not None
        assert self.daemon.process.wait(20) == -signal.SIGKILL
        self.daemon.bury()

    def close(self) -> None:
        if self.daemon is not None:
            self.kill()

    def token(self, role: Role = Role.OPERATOR) -> str:
        key = bytes.fromhex((self.data_dir / "secret.key").read_text().strip())
        return Tokens(key, SystemClock()).issue("drill", role, 600)

    def call(
        self, method: str, path: str, body: object = None, *, role: Role = Role.OPERATOR, **headers: str
    ) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}"
        return request(url, token=self.token(role), method=method, body=body, **headers)

    def stock(self, sku: str, on_hand: int, campaigns: list[str]) -> None:
        links = [{"platform": "meta_ads", "campaign_id": each} for each in campaigns]
        self.call("PUT", f"/api/stock/{sku}", {"on_hand": on_hand, "campaigns": links})

    def sell(self, sku: str, key: str) -> Any:
        return self.call("POST", "/api/sales", {"sku": sku, "quantity": 1}, Idempotency_Key=key)

    def safety(self) -> Any:
        return self.call("GET", "/api/safety")

    def kinds(self) -> set[str]:
        """The kinds of all events."""
        return {event["kind"] for event in self.call("GET", "/api/events?limit=1000")["events"]}

    def halt_of(self, scope: str) -> Any:
        """The halt of this scope, None when there is none."""
        return next((each for each in self.safety()["details"] if each["scope"] == scope), None)

    def resume(self, halt: Any) -> None:
        body = {"halt_id": halt["id"], "reason": "restocked"}
        assert self.call("POST", "/api/resume", body, role=Role.APPROVER)["resumed"]

    def await_state(self, scope: str, state: str = "confirmed", *, seconds: float = 60) -> Any:
        """Wait until the halt of this scope is there and has the state."""
        wait_for(
            lambda: (halt := self.halt_of(scope)) is not None and halt["state"] == state,
            f"{scope} {state}",
            seconds=seconds,
        )
        return self.halt_of(scope)

    def server_processes(self) -> set[int]:
        """Every process of its PostgreSQL: all work in the cluster's folder."""
        pgdata = str((self.data_dir / "pgdata").resolve())
        return {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _folder(pid) == pgdata}


def _folder(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None
