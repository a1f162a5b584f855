from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leadboost.console.page import CSP, Pages
from tests.integration.console_world import World, running_console

SCRIPT = b"console.log('built')"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text('<!doctype html><div id="root"></div>')
    (folder / "assets" / "index-abc.js").write_bytes(SCRIPT)
    (folder / "assets" / "inter-def.woff2").write_bytes(b"font")
    (folder / "assets" / "notes.txt").write_bytes(b"?")
    (tmp_path / "secret.js").write_text("a secret beside the build")
    return folder


@pytest.fixture
async def world(build: Path) -> AsyncIterator[World]:
    async with running_console(pages=Pages.load(build)) as world:
        yield world


async def test_the_front_serves_the_built_console_and_asks_to_look_again_each_time(world: World) -> None:
    reply = await world.call("GET", "/", role=None, headers={"Accept": "text/html,*/*"})

    assert (reply.status, reply.body) == (200, b'<!doctype html><div id="root"></div>')
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-cache"


async def test_a_program_still_gets_health_at_the_front(world: World) -> None:
    reply = await world.call("GET", "/", role=None, headers={"Accept": "application/json"})

    assert reply.json()["mode"] == "running"
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/assets/index-abc.js"])
async def test_a_page_may_load_from_here_and_from_nowhere_else(world: World, path: str) -> None:
    reply = await world.call("GET", path, role=None)

    assert reply.headers["Content-Security-Policy"] == CSP
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in CSP
    assert "http" not in CSP


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("index-abc.js", "text/javascript; charset=utf-8"),
        ("inter-def.woff2", "font/woff2"),
        ("notes.txt", "application/octet-stream"),
    ],
)
async def test_an_asset_has_its_type_and_is_kept_for_good(world: World, name: str, media_type: str) -> None:
    reply = await world.call("GET", f"/assets/{name}", role=None)

    assert (reply.status, reply.headers["Content-Type"]) == (200, media_type)
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_the_page_answers_before_the_actors_are_up(build: Path) -> None:
    async with running_console(opened=False, pages=Pages.load(build)) as world:
        page = await world.call("GET", "/", role=None)
        script = await world.call("GET", "/assets/index-abc.js", role=None)

    assert (page.status, script.status, script.body) == (200, 200, SCRIPT)


@pytest.mark.parametrize(
    "name",
    [
        "missing.js",
        "..%2Findex.html",
        "..%2F..%2Fsecret.js",
        "%2Fetc%2Fpasswd",
        "..%5Cindex.html",
        ".",
        "%00",
        "index-abc.js%00",
    ],
)
async def test_what_is_not_an_asset_is_not_found(world: World, name: str) -> None:
    reply = await world.call("GET", f"/assets/{name}", role=None)

    assert (reply.status, reply.json()["code"]) == (404, "not_found")
    assert reply.headers["Cache-Control"] == "no-store"


async def test_without_a_build_the_front_says_how_to_get_one(tmp_path: Path) -> None:
    async with running_console(pages=Pages.load(tmp_path / "static")) as world:
        reply = await world.call("GET", "/", role=None)

    assert reply.status == 200
    assert b"make ui" in reply.body
    assert b"<script" not in reply.body
