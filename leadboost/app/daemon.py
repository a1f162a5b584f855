"""One start after another, safe mode between them, and the ordered stop."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import structlog

from leadboost import __version__
from leadboost.app.condition import Condition
from leadboost.app.demo import pointed_at
from leadboost.app.trouble import EscalatedError, FaultyConfigurationError, may_heal
from leadboost.clock import Rng, SystemClock, uuid7
from leadboost.composition.components import Components
from leadboost.config import Settings
from leadboost.console.auth import ClientSecret, Role, Tokens
from leadboost.console.page import Pages
from leadboost.console.server import Console
from leadboost.domain.halt import GLOBAL, Scope
from leadboost.errors import LeadBoostError, Problem
from leadboost.folder import Address, DataFolder
from leadboost.runtime import Stage
from leadboost.runtime.stage import start_stages, stop_stages
from leadboost.runtime.system import Failed
from leadboost.standins.world import World

log = structlog.get_logger()

STOP_WITHIN_S = 9.0
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
        self._condition = Condition(self.clock, demo=settings.demo)
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
            self._world, self._settings = world, pointed_at(world, self._settings)
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
            self._condition.enter("running")
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
                self._condition.enter("running")
                retry_s = _FIRST_RETRY_S
                on_up()
                await self._changed.wait()
                trouble = self._trouble
            if self._stop.is_set() or trouble is None:
                return
            await self._enter_safe_mode(console, trouble)
            await self._wait_for_stop(retry_s if may_heal(trouble) else None)
            retry_s = min(retry_s * 2, _LONGEST_RETRY_S)

    async def _start(self, console: Console) -> LeadBoostError | None:
        """Start all stages; returns what kept them from starting. A stop or an escalation interrupts."""
        if self._faults:
            return FaultyConfigurationError()
        await self._stop_stages()  # of safe mode
        self._forget_trouble()
        self._condition.enter("starting")
        components = self._make_components()
        trouble: LeadBoostError | None = None
        try:
            async with asyncio.timeout(None) as self._starting:
                await start_stages(components.stages(console), self._started, self._condition.note_stage)
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
        self._components = self._condition.components = Components(
            self._settings,
            clock=self.clock,
            rng=self.rng,
            holder=f"{socket.gethostname()}:{os.getpid()}:{uuid7(self.clock, self.rng)}",
            on_failure=self._on_failure,
            report=self._condition.report,
            polls=self._polls,
            world=self._world,
        )
        return self._components

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
        problems = self._faults or [str(trouble)]
        log.error("safe mode entered", problems=problems)
        self._condition.enter("safe_mode", problems)
        console.close_intake()
        await self._stop_stages()
        await self._keep_kill_switch(console, trouble)

    async def _keep_kill_switch(self, console: Console, trouble: LeadBoostError) -> None:
        """Nothing else acts in safe mode. A critical part that failed for good halts everything."""
        components = self._make_components()
        try:
            await start_stages([components.halting.stage(console)], self._started, self._condition.note_stage)
            if isinstance(trouble, EscalatedError) and not may_heal(trouble):
                await components.halting.halt(Scope(GLOBAL), str(trouble), by="rule:critical_failure")
        except Exception as error:  # safe mode tells it, and the console stays up
            log.exception("kill switch not up")
            self._condition.problems.append(f"the kill switch is not up: {error!r}")

    async def _shut_down(self, console: Console) -> None:
        self._condition.enter("stopping")
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await self._stop_stages()
                await console.stop()
        except TimeoutError:
            log.error("stop overran", budget_s=STOP_WITHIN_S)

    async def _stop_stages(self) -> None:
        await stop_stages(self._started, self._condition.note_stage)
        if self._components is not None:
            await self._components.runtime.close(within_s=0.5)

    def _on_failure(self, failed: Failed) -> None:
        log.error("component failed", component=failed.name, outcome=failed.outcome, error=repr(failed.error))
        if failed.outcome == "escalated" and self._condition.mode in ("starting", "running"):
            self._trouble = EscalatedError(failed)
            self._interrupt()

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
            report=self._condition.report,
            readiness=self._condition.readiness,
            stats=self._condition.stats,
            clock=self.clock,
            rng=self.rng,
            version=__version__,
            demo=settings.demo,
            currency=settings.currency,
            pages=Pages.load(),
        )
