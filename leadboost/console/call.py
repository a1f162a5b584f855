"""One request on its way to its answer, and what the console hands to every request."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from aiohttp import hdrs, web
from pydantic import ValidationError

from leadboost.clock import Clock, Rng
from leadboost.console.attempts import Attempts, SignInAttempts
from leadboost.console.auth import ClientSecret, Principal, Tokens
from leadboost.console.bodies import Body, Query, WriteQuery, faults_of
from leadboost.console.devices import Devices
from leadboost.console.json_body import parse_exact_json, parse_json
from leadboost.console.live_cuts import LiveCuts
from leadboost.console.live_registry import LiveSockets
from leadboost.console.logins import Logins
from leadboost.console.metrics import RequestMetrics
from leadboost.console.origins import Origins
from leadboost.console.page import Pages
from leadboost.console.passwords import Passwords
from leadboost.console.problems import PROBLEM_TYPE, Fault, ProblemError, invalid, problem_body
from leadboost.console.pushes import Pushes
from leadboost.console.replies import encode
from leadboost.console.shops import Shops
from leadboost.domain.halt import Scope
from leadboost.domain.offer import Offer
from leadboost.domain.radar.tally import IntakeTally
from leadboost.messages.alerter import Acknowledge, ListAlerts, TryChannel
from leadboost.messages.bookkeeper import DecideLink, GetAccountBooks, GetCampaignBooks
from leadboost.messages.enterprise import GetAccount, ListStock, PutStock, StockChange
from leadboost.messages.health import HealthReport, Readiness
from leadboost.messages.journal import ReadEvents
from leadboost.messages.panic import GetHalt, GetSafety, ListCampaigns, TripHalt
from leadboost.messages.release import ApproveResume
from leadboost.messages.retention import EraseSignals
from leadboost.messages.safety import ListRules, PreviewRules, ReplaceRules, ReplayRules
from leadboost.messages.scout import HearSignals, ListSources, MuteSource
from leadboost.messages.stream import JoinViewer, ViewerReady
from leadboost.messages.trainer import GetModel, Predict, RecordOutcomes, RollBack
from leadboost.ports import AccountStore, FeatureStore, RadarReports, SignalPages
from leadboost.runtime import ActorRef
from leadboost.runtime.stats import ActorStats

JSON_TYPE: Final = "application/json"
SMALL_BODY_BYTES: Final = 2**20
BULK_BODY_BYTES: Final = 8 * 2**20
BODY_DEADLINE_S: Final = 10.0

Panic: TypeAlias = ActorRef[TripHalt | GetSafety | GetHalt | ListCampaigns]

_Body = TypeVar("_Body", bound=Body)
_Query = TypeVar("_Query", bound=Query)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """What answers requests: actors (``predictor`` and ``trainer`` may be one), accounts, what was heard, who
    may push, and what outside services offer."""

    enterprise: ActorRef[StockChange | PutStock | ListStock | GetAccount]
    scout: ActorRef[HearSignals | ListSources | MuteSource]
    trainer: ActorRef[RecordOutcomes | GetModel | RollBack]
    predictor: ActorRef[Predict]
    journal: ActorRef[ReadEvents]
    stream: ActorRef[JoinViewer | ViewerReady]
    release: ActorRef[ApproveResume]
    retention: ActorRef[EraseSignals]
    bookkeeper: ActorRef[GetCampaignBooks | GetAccountBooks | DecideLink]
    safety: ActorRef[ListRules | ReplaceRules | PreviewRules | ReplayRules]
    alerter: ActorRef[ListAlerts | Acknowledge | TryChannel]
    accounts: AccountStore
    hearing: FeatureStore
    signals: SignalPages
    pushes: Pushes
    shops: Shops
    radar: RadarReports
    tally: IntakeTally
    offers: Sequence[Offer] = ()


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """What every request may need; ``handles`` is None until the actors are up, ``panic`` until the kill
    switch is. ``trip`` closes the gate at once."""

    tokens: Tokens
    clients: Sequence[ClientSecret]
    report: Callable[[], HealthReport]
    readiness: Callable[[], Awaitable[Readiness]]
    stats: Callable[[], Sequence[ActorStats]]
    clock: Clock
    rng: Rng
    currency: str
    token_ttl_s: float
    metrics: RequestMetrics
    attempts: Attempts
    pages: Pages
    origins: Origins
    logins: Logins
    passwords: Passwords
    sign_ins: SignInAttempts
    devices: Devices
    demo: bool
    cuts: LiveCuts
    live: LiveSockets = field(default_factory=LiveSockets)
    handles: Handles | None = None
    panic: Panic | None = None
    trip: Callable[[Scope], None] = lambda _: None
    closed: bool = False
    openapi: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Call:
    """A request with its caller; ``place`` holds the decoded variable parts of the path.

    A handler that sends its answer by itself tells ``note`` the status, once it is sent.
    """

    request: web.BaseRequest
    surroundings: Surroundings
    trace_id: str
    principal: Principal
    place: Sequence[str]
    body_limit: int
    note: Callable[[int], None]

    @property
    def handles(self) -> Handles:
        """The actors. Only routes that serve an open console may ask."""
        assert self.surroundings.handles is not None  # noqa: S101 - the edge refuses before
        return self.surroundings.handles

    @property
    def panic(self) -> Panic:
        """The kill switch, which also answers while nothing else does. Raises ProblemError 503."""
        if self.surroundings.panic is None:
            raise ProblemError(
                503, "starting", "The kill switch is not up yet.", headers={"Retry-After": "1"}
            )
        return self.surroundings.panic

    async def read(self) -> bytes:
        """Read the body, at most ``body_limit`` bytes. Raises ProblemError 413, 408 or 400."""
        content = self.request.content
        if (self.request.content_length or 0) > self.body_limit:
            raise self._too_large()
        if not content.is_eof():
            return await self._receive()
        body = content.read_nowait()
        if len(body) > self.body_limit:
            raise self._too_large()
        return body

    async def _receive(self) -> bytes:
        await _continue(self.request)
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_DEADLINE_S):
                while chunk := await self.request.content.readany():
                    body += chunk
                    if len(body) > self.body_limit:
                        raise self._too_large()
        except TimeoutError:
            raise ProblemError(408, "body_timeout", "The body did not arrive in time.") from None
        except web.RequestPayloadError:
            raise ProblemError(400, "bad_http", "The body is not encoded as its headers say.") from None
        return bytes(body)

    def _too_large(self) -> ProblemError:
        return ProblemError(413, "too_large", f"The body may have {self.body_limit} bytes at most.")

    async def read_json(self) -> bytes:
        """Read a body that is declared as JSON. Raises ProblemError 415 otherwise."""
        declared = self.request.headers.get(hdrs.CONTENT_TYPE, "")
        if declared != JSON_TYPE and not _is_json(declared):
            raise ProblemError(415, "unsupported_media_type", f"Send the body as Content-Type: {JSON_TYPE}.")
        return await self.read()

    async def json(self) -> object:
        """Read and parse the body; numbers with a fraction are floats."""
        return parse_json(await self.read_json())

    async def exact_json(self) -> object:
        """Read and parse the body; numbers with a fraction are Decimals."""
        return parse_exact_json(await self.read_json())

    @property
    def is_dry_run(self) -> bool:
        """Whether to check and not to write. Raises ProblemError 422 for any other query parameter."""
        # Almost no write has a query, and each one saves the time to read it.
        return "?" in self.request.raw_path and self.query(WriteQuery).dry_run

    def query(self, model: type[_Query]) -> _Query:
        """Validate the query parameters. Raises ProblemError 422."""
        given = self.request.query
        if len(given) != len(set(given)):
            twins = sorted({name for name in given if len(given.getall(name)) > 1})
            raise invalid([Fault(name[:200], "is given more than once") for name in twins])
        try:
            return model.model_validate_strings(dict(given))
        except ValidationError as error:
            raise invalid(faults_of(error)) from None


def validate(model: type[_Body], value: object) -> _Body:
    """Validate a parsed body. Raises ProblemError 422 naming every field at fault."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid(faults_of(error)) from None


def answer(reply: object, status: int = 200) -> web.Response:
    """Answer with a reply record as JSON."""
    return json_response(encode(reply), status)


def json_response(body: bytes, status: int = 200, media_type: str = JSON_TYPE) -> web.Response:
    """Answer with JSON bytes as they are."""
    return web.Response(body=body, status=status, headers={hdrs.CONTENT_TYPE: media_type})


def problem_response(problem: ProblemError, trace_id: str) -> web.Response:
    """Answer with an error as problem+json."""
    response = json_response(problem_body(problem, trace_id), problem.status, PROBLEM_TYPE)
    response.headers.update(problem.headers)
    return response


def _is_json(declared: str) -> bool:
    media_type, _, parameters = declared.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return media_type.strip().lower() == JSON_TYPE and charset in ("", "charset=utf-8", "charset=utf8")


async def _continue(request: web.BaseRequest) -> None:
    """Ask for the body where the client waits to be asked (RFC 9110, section 10.1.1)."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue" and request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What follows is the first byte of the answer itself.
        request.writer.output_size = 0
