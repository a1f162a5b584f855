from collections.abc import AsyncIterator

import pytest

from leadboost.console.auth import Role
from leadboost.domain.live.closing import SIGN_IN_AGAIN
from leadboost.store.database import Database
from tests.integration.live_world import SUBPROTOCOL, LiveWorld, running_link
from tests.integration.session_world import store_of, wait_until


@pytest.fixture
async def live(database: Database) -> AsyncIterator[LiveWorld]:
    async with running_link(database) as live:
        yield live


async def test_our_own_page_opens_a_link_by_its_cookie(live: LiveWorld) -> None:
    headers = await live.world.signed_in(Role.VIEWER)

    link = await live.look(protocols=(SUBPROTOCOL,), headers=headers)

    assert link.hello["t"] == "hello"


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://localhost:{port}"])
async def test_no_other_page_opens_a_link_by_our_cookie(live: LiveWorld, origin: str | None) -> None:
    headers = await live.world.signed_in(Role.ADMIN)
    del headers["Origin"]
    if origin is not None:
        headers["Origin"] = origin.format(port=live.world.url.rpartition(":")[2])

    assert await live.refusal(headers=headers) == (403, "cross_site")


async def test_a_cookie_that_opens_nothing_is_refused_before_the_upgrade(live: LiveWorld) -> None:
    headers = {"Cookie": f"leadboost={'a' * 43}", "Origin": live.world.url}

    assert await live.refusal(headers=headers) == (401, "unauthorized")


async def test_signing_out_closes_the_sockets_of_that_login_alone(live: LiveWorld) -> None:
    one, other = [await live.world.signed_in(Role.VIEWER) for _ in range(2)]
    closing, staying = [await live.look(protocols=(SUBPROTOCOL,), headers=each) for each in (one, other)]

    await live.world.call("DELETE", "/api/session", role=None, headers=one)

    assert (await closing.closed())[0] == SIGN_IN_AGAIN == 4001
    await live.commit()
    assert len(await staying.events(1)) == 1


async def test_a_link_whose_login_left_memory_stays_open(
    live: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadboost.console.live_socket.CHECK_EVERY_S", 0.05)
    monkeypatch.setattr("leadboost.console.logins._REMEMBERED", 1)
    one, other = [await live.world.signed_in(Role.VIEWER) for _ in range(2)]
    staying = await live.look(protocols=(SUBPROTOCOL,), headers=one)

    await live.world.call("GET", "/api/session", role=None, headers=other)

    calls = store_of(live.world).calls
    await wait_until(lambda: calls.count("find_login") == 3)
    await live.commit()
    assert len(await staying.events(1)) == 1
