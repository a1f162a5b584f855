"""Every polled connector behaves alike: one suite, printed as a table of connector and behaviour."""

import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta

import pytest

from leadboost.domain.signal_intake import read_signal
from leadboost.errors import SourceError, SourceGoneError
from leadboost.ports import Fetched
from leadboost.standins.api import Fault
from leadboost.standins.x import XServer
from tests.contract.conftest import Show
from tests.contract.source_cases import CASES, NOW, Case, Hours, dates

NOT_NEEDED = "-"
DAY_S = 86_400.0


async def poll(case: Case) -> Fetched:
    """Poll once, check that Scout can take all of it, and go on from there."""
    fetched = await case.source.fetch(case.cursor)
    for item in fetched.items:
        assert read_signal(item, now=case.clock.now()).source == case.source.name
    case.cursor = fetched.cursor
    return fetched


async def error_of(case: Case, *faults: Fault) -> SourceError:
    """Poll into the faults and return the error, which shows no secret."""
    case.server.faults.extend(faults)
    with pytest.raises(SourceError) as caught:
        await case.source.fetch(case.cursor)
    assert not any(secret in str(caught.value) for secret in case.secrets)
    return caught.value


async def waits(case: Case, fault: Fault, least_s: float, most_s: float) -> str:
    """The fault makes the source wait, and after it nothing is lost."""
    case.fill(dates(3))
    error = await error_of(case, fault)
    assert not isinstance(error, SourceGoneError)
    assert least_s <= (error.retry_after_s or 0) <= most_s
    case.server.faults.clear()
    case.clock.advance(error.retry_after_s or 0)
    assert len((await poll(case)).items) == 3
    return f"{error.retry_after_s:.0f} s"


async def gone(case: Case, status: int) -> str:
    """The fault ends the polling, and says what to do."""
    case.fill(dates(3))
    error = await error_of(case, *[Fault(status=status)] * 2)
    assert isinstance(error, SourceGoneError)
    assert "start again" in error.reason
    return "gone"


# -- behaviours -----------------------------------------------------------------------------------


async def auth_refresh(case: Case) -> str:
    if case.revoke is None:
        return NOT_NEEDED
    case.fill(dates(3))
    await poll(case)
    case.revoke()
    case.fill(dates(4))
    assert len((await poll(case)).items) == 1
    assert [asked.status for asked in case.server.asked][-3:] == [401, 200, 200]
    return "one new token"


async def paging_to_the_end(case: Case) -> str:
    count = min(case.most, 250)
    case.fill(dates(count))
    items = [item["external_id"] for item in (await poll(case)).items]
    assert len(items) == len(set(items)) == count
    assert list((await poll(case)).items) == []
    return f"{count} items"


async def status_401(case: Case) -> str:
    return await gone(case, 401)


async def status_403(case: Case) -> str:
    return await gone(case, 403)


async def status_404(case: Case) -> str:
    return await waits(case, Fault(status=404), 3_600, 4_000)


async def status_429_with_retry_after(case: Case) -> str:
    return await waits(case, Fault(status=429, headers={"Retry-After": "1800"}), 1_800, 1_800)


async def status_429_without(case: Case) -> str:
    return await waits(case, Fault(status=429), 60, DAY_S)


async def status_5xx(case: Case) -> str:
    return await waits(case, Fault(status=502), 300, 2_000)


async def truncated_body(case: Case) -> str:
    fault = Fault(mangle=lambda body: body[: len(body) * 2 // 3])
    if not case.reads_parts:
        return await waits(case, fault, 60, 4_000)
    case.fill(dates(3))
    case.server.faults.append(fault)
    part = await case.source.fetch({})  # its last entry is cut, and Scout may reject it
    case.cursor = part.cursor
    rest = await poll(case)
    assert "malformed" in (part.note or "")
    assert len({item["external_id"] for item in (*part.items, *rest.items)}) == 3
    return "the part, then the rest"


async def wrong_content_type(case: Case) -> str:
    case.fill(dates(3))
    await error_of(case, Fault(status=200, content_type="text/html"))
    case.server.faults.append(Fault(content_type="text/plain"))
    assert len((await poll(case)).items) == 3
    return "page refused, body read"


async def schema_drift(case: Case) -> str:
    case.fill(dates(3))
    case.server.faults.append(Fault(mangle=case.drift))
    fetched = await poll(case)
    assert len(fetched.items) == 3 - case.drift_costs
    assert ("1 item(s) rejected" in (fetched.note or "")) == bool(case.drift_costs)
    return "2 of 3, noted" if case.drift_costs else "3 of 3"


async def clock_skewed_dates(case: Case) -> str:
    case.fill([NOW + timedelta(days=3), NOW + timedelta(hours=2), *dates(1)])
    heard = [str(item["published_at"])[:19] for item in (await poll(case)).items]
    assert heard[-2:] == [at.isoformat()[:19] for at in (NOW, *dates(1))]
    case.clock.advance(case.appears_after_s)
    later = (await poll(case)).items
    if not case.puts_off:
        assert (heard[:-2], len(later)) == (["None"], 0)
        return "set to now, or none"
    assert (heard[:-2], len(later)) == ([], 1)
    return "set to now, or later"


async def body_of_5_mb(case: Case) -> str:
    case.fill(dates(3))
    tracemalloc.start()
    error = await error_of(case, Fault(status=200, body=b"[" + b" " * 5_100_000, content_type="text/plain"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "sent more than" in error.reason
    assert peak < 50_000_000
    return f"refused, {peak // 1_000_000} MB"


async def slow_drip(case: Case) -> str:
    return await waits(case, Fault(drip=True), 300, 2_000)


async def check(case: Case) -> str:
    """A refusal shows in a check as it does in a poll; else it costs a request, and one more for a token."""
    case.fill(dates(3))
    if not case.source.kind.startswith("tiktok"):  # of these one is not asked, and one signs in and no more
        case.server.faults.extend([Fault(status=401)] * 2)
        with pytest.raises(SourceError):
            await case.source.check()
        case.server.faults.clear()
        case.server.asked.clear()

    assert await case.source.check()

    assert len(case.server.asked) <= 2
    if isinstance(case.server, XServer):
        assert case.server.posts_read == 0
    return f"{len(case.server.asked)} request(s)"


BEHAVIOURS: dict[str, Callable[[Case], Awaitable[str]]] = {
    "auth refresh": auth_refresh,
    "paging to the end": paging_to_the_end,
    "401": status_401,
    "403": status_403,
    "404": status_404,
    "429 Retry-After: 1800": status_429_with_retry_after,
    "429 without": status_429_without,
    "5xx": status_5xx,
    "truncated body": truncated_body,
    "wrong content type": wrong_content_type,
    "schema drift": schema_drift,
    "clock-skewed dates": clock_skewed_dates,
    "5 MB body": body_of_5_mb,
    "slow drip": slow_drip,
    "check": check,
}


@pytest.fixture(scope="module")
def table(show: Show) -> Iterator[dict[tuple[str, str], str]]:
    """What each connector did; printed at the end."""
    found: dict[tuple[str, str], str] = {}
    yield found
    rows = [(name, *(found.get((case, name), "") for case in CASES)) for name in BEHAVIOURS]
    show("".join(f"{cell:<26}" for cell in row).rstrip() for row in [("", *CASES), *rows])


@pytest.fixture(params=CASES)
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    async with CASES[request.param](Hours(NOW)) as opened:
        yield opened


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_connector_behaves_as_every_other(
    case: Case, behaviour: str, table: dict[tuple[str, str], str]
) -> None:
    outcome = await BEHAVIOURS[behaviour](case)

    table[case.source.kind, behaviour] = outcome
    assert outcome
