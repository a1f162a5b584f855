"""The composition root and the life of the daemon.

Configuration becomes adapters, adapters become actors, and actors start in stages: whatever can
show or stop the system is up before anything can act, and intake opens last. Stopping is the
reverse. While a part cannot start, the console alone stays up and says why (safe mode).
"""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from pydantic import SecretStr

from leadboost import __version__
from leadboost.clock import Rng, SystemClock, uuid7
from leadboost.components import Components
from leadboost.config import Settings
from leadboost.console.auth import ClientSecret, Role, Tokens
from leadboost.console.page import Pages
from leadboost.console.server import Console
from leadboost.domain.halt import GLOBAL, Scope
from leadboost.errors import LeadBoostError, MigrationError, Problem, StageTimeoutError, StoreError
from leadboost.folder import Address, DataFolder
from leadboost.messages.health import ComponentHealth, HealthReport, Readiness
from leadboost.runtime import Stage
from leadboost.runtime.stage import start_stages, stop_stages
from leadboost.runtime.stats import ActorStats
from leadboost.runtime.system import Failed
from leadboost.settings.connectors import ExpectationSettings
from leadboost.settings.connectors.acting import MetaAdsSettings
from leadboost.settings.connectors.hearing import FeedSettings
from leadboost.standins.world import World

log = structlog.get_logger()

STOP_WITHIN_S = 9.0
FORCE_AFTER_S = 9.8
THREADS_END_S = 0.5
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0


class Daemon:
    """One process on one data folder.

    ``problems`` are faults of the configuration: with any, the daemon goes to safe mode and stays
    there until it is started anew.
    """

    def __init__(self, settings: Settings, problems: Sequence[Problem] = ()) -> None:
        self.clock = SystemClock()
        self.rng = Rng()
        self.folder = DataFolder(settings.data_dir)
        self._settings = settings
        self._faults = [str(problem) for problem in problems]
        self._mode = "starting"
        self._problems: list[str] = []
        self._stage_states: dict[str, str] = {}
        self._stage_began: dict[str, float] = {}
        self._stage_took: dict[str, float | None] = {}
        self._started: list[Stage] = []
        self._components: Components | None = None
        self._changed = asyncio.Event()
        self._starting: asyncio.Timeout | None = None
        self._stop = asyncio.Event()
        self._polls = True
        self._trouble: LeadBoostError | None = None
        self._world: World | None = None

    async def run(self, on_up: Callable[[str, str | None], None] = lambda *_: None) -> None:
        """Live until ``request_stop``. Calls ``on_up`` whenever intake opens, with the base URL and, while
        nobody can sign in yet, the single-use link that lets the first person in.

        Raises FolderInUseError, FolderError, and ConfigError when the address cannot be bound.
        """
        async with self._demo_world(), self._console() as (console, url):
            self._aim(url)
            await self._live(console, lambda: on_up(url, self._first_link(url)))

    def _first_link(self, url: str) -> str | None:
        token = self._components.first_link if self._components is not None else None
        # A fragment: browsers send it to nobody, so that it stands in no log.
        return f"{self._settings.http.public_url or url}/#first={token}" if token else None

    @asynccontextmanager
    async def _demo_world(self) -> AsyncIterator[None]:
        """In the demo profile the outside is made up, and our connectors are pointed at it.

        It is there before the daemon and after it, as the real outside is.
        """
        if not self._settings.demo or self._faults:
            yield
            return
        world = World(
            folder=self.folder.path,
            currency=self._settings.currency,
            clock=self.clock,
            rng=Rng("leadboost demo"),
        )
        try:
            await world.open()
            self._world, self._settings = world, _pointed_at(world, self._settings)
        except OSError as error:
            log.error("demo world not started", error=str(error))
        try:
            yield
        finally:
            await world.close()

    def _aim(self, url: str) -> None:
        if self._world is not None:
            tokens = Tokens(self.folder.signing_key(), self.clock)
            self._world.aim(url, lambda ttl_s: tokens.issue("demo-world", Role.OPERATOR, ttl_s))

    @asynccontextmanager
    async def started(self) -> AsyncIterator[str]:
        """Run everything but polling for as long as the block lasts; yields the base URL.

        For one command. Raises what keeps it from starting: nobody waits in safe mode here.
        """
        self._polls = False
        async with self._console() as (console, url):
            trouble = await self._start(console)
            if trouble is not None:
                raise trouble
            self._enter("running")
            yield url

    @asynccontextmanager
    async def _console(self) -> AsyncIterator[tuple[Console, str]]:
        with self.folder.locked():
            console = self._make_console()
            url = await console.start()
            try:
                started_at = self.clock.now().isoformat(timespec="seconds")
                self.folder.announce(Address(pid=os.getpid(), url=url, started_at=started_at))
                yield console, url
            finally:
                await self._shut_down(console)

    def request_stop(self) -> None:
        """Begin the ordered stop, also in the middle of a start."""
        self._stop.set()
        self._interrupt()

    # -- life -------------------------------------------------------------------------------------

    async def _live(self, console: Console, on_up: Callable[[], None]) -> None:
        retry_s = _FIRST_RETRY_S
        while not self._stop.is_set():
            trouble = await self._start(console)
            if trouble is None and not self._stop.is_set():
                self._enter("running")
                retry_s = _FIRST_RETRY_S
                on_up()
                await self._changed.wait()
                trouble = self._trouble
            if self._stop.is_set() or trouble is None:
                return
            await self._enter_safe_mode(console, trouble)
            await self._wait_for_stop(retry_s if _may_heal(trouble) else None)
            retry_s = min(retry_s * 2, _LONGEST_RETRY_S)

    async def _start(self, console: Console) -> LeadBoostError | None:
        """Start all stages; returns what kept them from starting. A stop or an escalation interrupts."""
        if self._faults:
            return _FaultyConfigurationError()
        await self._stop_stages()  # of safe mode
        self._forget_trouble()
        self._enter("starting")
        self._components = self._make_components()
        trouble: LeadBoostError | None = None
        try:
            async with asyncio.timeout(None) as self._starting:
                await start_stages(self._components.stages(console), self._started, self._on_stage)
        except LeadBoostError as error:
            trouble = error
        except Exception as error:  # safe mode tells it, and the console stays up
            if not self._changed.is_set():
                log.exception("start failed")
                trouble = LeadBoostError(f"start failed: {error!r}; the log says more")
        finally:
            self._starting = None
        return self._trouble or trouble

    def _make_components(self) -> Components:
        return Components(
            self._settings,
            clock=self.clock,
            rng=self.rng,
            holder=f"{socket.gethostname()}:{os.getpid()}:{uuid7(self.clock, self.rng)}",
            on_failure=self._on_failure,
            report=self.report,
            polls=self._polls,
            world=self._world,
        )

    def _forget_trouble(self) -> None:
        self._trouble = None
        if not self._stop.is_set():
            self._changed.clear()

    def _interrupt(self) -> None:
        self._changed.set()
        if self._starting is not None:
            self._starting.reschedule(self.clock.monotonic())
            self._starting = None  # a scope takes one interruption

    async def _wait_for_stop(self, timeout_s: float | None) -> None:
        if self._stop.is_set():
            return
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()

    async def _enter_safe_mode(self, console: Console, trouble: LeadBoostError) -> None:
        self._problems = self._faults or [str(trouble)]
        log.error("safe mode entered", problems=self._problems)
        self._enter("safe_mode")
        console.close_intake()
        await self._stop_stages()
        await self._keep_kill_switch(console, trouble)

    async def _keep_kill_switch(self, console: Console, trouble: LeadBoostError) -> None:
        """Nothing else acts in safe mode. A critical part that failed for good halts everything."""
        self._components = self._make_components()
        try:
            await start_stages([self._components.halting(console)], self._started, self._on_stage)
            if isinstance(trouble, _EscalatedError) and not _may_heal(trouble):
                await self._components.halt(Scope(GLOBAL), str(trouble), by="rule:critical_failure")
        except Exception as error:  # safe mode tells it, and the console stays up
            log.exception("kill switch not up")
            self._problems.append(f"the kill switch is not up: {error!r}")

    async def _shut_down(self, console: Console) -> None:
        self._enter("stopping")
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await self._stop_stages()
                await console.stop()
        except TimeoutError:
            log.error("stop overran", budget_s=STOP_WITHIN_S)

    async def _stop_stages(self) -> None:
        await stop_stages(self._started, self._on_stage)
        if self._components is not None:
            await self._components.runtime.close(within_s=0.5)

    def _enter(self, mode: str) -> None:
        self._mode = mode
        if mode != "safe_mode":
            self._problems = []
        log.info("mode changed", mode=mode)

    def _on_stage(self, stage: str, state: str) -> None:
        self._stage_states[stage] = state
        if state == "starting":
            self._stage_began[stage], self._stage_took[stage] = self.clock.monotonic(), None
        elif state == "started":
            self._stage_took[stage] = self.clock.monotonic() - self._stage_began[stage]
        late = state.startswith(("late", "failed"))
        (log.warning if late else log.info)("stage changed", stage=stage, state=state)

    def _on_failure(self, failed: Failed) -> None:
        log.error("component failed", component=failed.name, outcome=failed.outcome, error=repr(failed.error))
        if failed.outcome == "escalated" and self._mode in ("starting", "running"):
            self._trouble = _EscalatedError(failed)
            self._interrupt()

    # -- what the console shows -------------------------------------------------------------------

    def _make_console(self) -> Console:
        settings = self._settings
        return Console(
            host=settings.http.host,
            port=settings.http.port,
            tokens=Tokens(self.folder.signing_key(), self.clock),
            token_ttl_s=settings.auth.token_ttl_s,
            public_url=settings.http.public_url,
            clients=[
                ClientSecret(
                    client_id=each.id, secret=each.secret.get_secret_value(), role=Role.parse(each.role)
                )
                for each in settings.auth.clients
            ],
            report=self.report,
            readiness=self.readiness,
            stats=self._stats,
            clock=self.clock,
            rng=self.rng,
            version=__version__,
            demo=settings.demo,
            currency=settings.currency,
            pages=Pages.load(),
        )

    def report(self) -> HealthReport:
        """Describe every stage and actor now."""
        stages = [
            ComponentHealth(name=name, state=state, took_s=self._stage_took.get(name))
            for name, state in self._stage_states.items()
        ]
        actors = [
            ComponentHealth(name=each.name, state=each.state, detail=each.last_error, took_s=each.took_s)
            for each in self._stats()
        ]
        told = self._components.told if self._components is not None else ()
        return HealthReport(
            mode=self._mode,
            version=__version__,
            demo=self._settings.demo,
            components=[*stages, *actors, *told],
            problems=[*self._problems, *(f"{x.name}: {x.detail}" for x in told if x.state == "DEGRADED")],
        )

    async def readiness(self) -> Readiness:
        """Check what a caller needs: intake open, the database answering, no actor given up."""
        checks = {"mode": "ok" if self._mode == "running" else self._mode, "mirror": "off"}
        checks["database"] = "not connected"
        if self._components is not None:
            checks["database"] = await self._components.check_database()
        down = [each.name for each in self._stats() if each.state != "RUNNING"]
        checks["actors"] = f"down: {', '.join(down)}" if down else "ok"
        return Readiness(ok=all(value in ("ok", "off") for value in checks.values()), checks=checks)

    def _stats(self) -> list[ActorStats]:
        return self._components.runtime.stats() if self._components is not None else []


def _pointed_at(world: World, settings: Settings) -> Settings:
    """The same settings with the world's ad account and feeds: a demo never touches a real account."""
    meta = MetaAdsSettings(
        base_url=world.ads.url,
        access_token=SecretStr(world.ads_token),
        account_id=world.account_id,
        enabled=True,
    )
    feeds = [FeedSettings(name=name, url=url) for name, url in world.feeds.items()]
    connectors = settings.connectors
    rss = connectors.rss.model_copy(update={"feeds": (*connectors.rss.feeds, *feeds)})
    hosts = (*connectors.allow_hosts, "127.0.0.1")
    rates = [
        ExpectationSettings(source=source, per_day=rate) for source, rate in world.expected_per_day.items()
    ]
    expected = (*connectors.expected, *rates)
    pointed = connectors.model_copy(
        update={"meta_ads": meta, "rss": rss, "allow_hosts": hosts, "expected": expected}
    )
    return settings.model_copy(update={"connectors": pointed})


class _FaultyConfigurationError(LeadBoostError):
    """The configuration has faults; they are told one by one."""

    code = "bad_config"


class _EscalatedError(LeadBoostError):
    """A critical component was given up."""

    code = "escalated"

    def __init__(self, failed: Failed) -> None:
        super().__init__(f"{failed.name} failed for good: {failed.error}; the log says more")
        self.cause = failed.error


def _may_heal(trouble: BaseException) -> bool:
    if isinstance(trouble, _EscalatedError):
        return _may_heal(trouble.cause)
    if isinstance(trouble, MigrationError):
        return False
    return isinstance(trouble, StoreError | StageTimeoutError)


def run(settings: Settings, problems: Sequence[Problem], on_up: Callable[[str, str | None], None]) -> int:
    """Run the daemon until SIGTERM or Ctrl-C; returns the exit code. ``on_up`` is as in ``Daemon.run``.

    A second signal forces: the process ends at once with exit code 1.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_run_until_signalled(settings, problems, on_up))


async def _run_until_signalled(
    settings: Settings, problems: Sequence[Problem], on_up: Callable[[str, str | None], None]
) -> int:
    daemon = Daemon(settings, problems)
    signalled = False

    def on_signal(number: signal.Signals) -> None:
        nonlocal signalled
        if signalled:
            log.error("stop forced", signal=number.name)
            os._exit(1)
        signalled = True
        log.info("stop requested", signal=number.name)
        _exit_after(FORCE_AFTER_S, 1)
        daemon.request_stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    await daemon.run(on_up)
    log.info("stopped")
    _exit_after(THREADS_END_S, 0)
    return 0


def _exit_after(seconds: float, code: int) -> None:
    """End the process then, whatever a thread or the loop still does.

    A thread that is computing cannot be cancelled, and the interpreter would wait for it.
    """

    def end() -> None:
        sys.stdout.flush()
        os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
