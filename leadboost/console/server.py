"""The HTTP server: binds before anything else is up, and says so until the actors are handed in."""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from aiohttp import web

from leadboost.clock import Clock, Rng
from leadboost.console.attempts import Attempts, SignInAttempts
from leadboost.console.auth import ClientSecret, Tokens
from leadboost.console.call import Handles, Panic, Surroundings
from leadboost.console.devices import Devices
from leadboost.console.edge import Edge
from leadboost.console.listener import Listener
from leadboost.console.live_cuts import LiveCuts
from leadboost.console.logins import Logins
from leadboost.console.metrics import RequestMetrics
from leadboost.console.openapi import describe
from leadboost.console.origins import Origins
from leadboost.console.page import Pages
from leadboost.console.passwords import Passwords
from leadboost.domain.halt import Scope
from leadboost.errors import ConfigError, Problem
from leadboost.messages.health import HealthReport, Readiness
from leadboost.runtime.stats import ActorStats

BACKLOG: Final = 1024
# aiohttp waits this long twice: for the handler, and once more after it closed the request's body.
_HALF_GRACE_S: Final = 0.5
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, never bound


class Console:
    """The API on one port. Health answers from ``start`` to ``stop``, the kill switch from ``arm`` on,
    all else between ``open`` and ``close_intake``."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        tokens: Tokens,
        clients: Sequence[ClientSecret],
        report: Callable[[], HealthReport],
        readiness: Callable[[], Awaitable[Readiness]],
        stats: Callable[[], Sequence[ActorStats]],
        clock: Clock,
        rng: Rng,
        version: str,
        demo: bool,
        currency: str,
        pages: Pages,
        token_ttl_s: float = 3600.0,
        public_url: str | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._origins = Origins(public_url)
        self.logins = Logins(clock, self._origins, demo=demo)
        self._passwords = Passwords()
        self._surroundings = Surroundings(
            tokens=tokens,
            clients=clients,
            report=report,
            readiness=readiness,
            stats=stats,
            clock=clock,
            rng=rng,
            currency=currency,
            token_ttl_s=token_ttl_s,
            metrics=RequestMetrics(stats),
            attempts=Attempts(clock),
            pages=pages,
            origins=self._origins,
            logins=self.logins,
            passwords=self._passwords,
            sign_ins=SignInAttempts(clock),
            cuts=LiveCuts(clock),
            devices=Devices(tokens, self._origins),
            demo=demo,
            openapi=describe(version, demo=demo, currency=currency),
        )
        self.sockets = self._surroundings.live
        self.logins.on_end(
            lambda login: self.sockets.close_viewer(lambda principal: principal.login == login)
        )
        self._edge = Edge(self._surroundings)
        self._runner: web.ServerRunner | None = None

    async def start(self) -> str:
        """Listen, and return the base URL. Raises ConfigError when the address cannot be had."""
        runner = web.ServerRunner(Listener(self._edge), shutdown_timeout=_HALF_GRACE_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port, backlog=BACKLOG).start()
        except OSError as error:
            await runner.cleanup()
            raise ConfigError([self._unusable(error)]) from error
        self._runner = runner
        url = _url(runner.addresses[0])
        self._origins.listen(url)
        return url

    def _unusable(self, error: OSError) -> Problem:
        if error.errno == errno.EADDRINUSE:
            allowed = f"is in use on {self._host}; stop what listens there or set another port"
            return Problem(key="http.port", value=str(self._port), allowed=allowed)
        if error.errno == errno.EACCES:
            allowed = "may not be opened by this user; set a port above 1023"
            return Problem(key="http.port", value=str(self._port), allowed=allowed)
        allowed = f"cannot be listened on ({error.strerror or error}); set a name or address of this machine"
        return Problem(key="http.host", value=self._host, allowed=allowed)

    def open(self, handles: Handles) -> None:
        """Begin service."""
        self._surroundings.handles = handles
        self._surroundings.metrics.intake = handles.tally
        self.logins.attach(handles.accounts)
        self._surroundings.closed = False

    def arm(self, panic: Panic, trip: Callable[[Scope], None]) -> None:
        """Begin service of the kill switch alone; ``trip`` closes the gate at once."""
        self._surroundings.panic = panic
        self._surroundings.trip = trip

    def close_intake(self) -> None:
        """End service: requests from now on get 503, those under way go on, viewers are sent away."""
        self._surroundings.closed = True
        self._surroundings.live.close_all()

    async def drain(self, within_s: float) -> bool:
        """Wait until no request is under way, ``within_s`` seconds at most; False if some still are.

        After ``close_intake`` this is the moment when nobody waits for an actor any more.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._edge.idle()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Stop listening, let requests under way end within a second, then cut what is left."""
        self.close_intake()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()
        self._passwords.close()


def _url(address: tuple[Any, ...]) -> str:
    host, port = _WILDCARDS.get(address[0], address[0]), address[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
