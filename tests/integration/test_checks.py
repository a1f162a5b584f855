import os
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from leadboost.clock import SystemClock
from leadboost.config import FeedSettings, RssSettings, Settings
from leadboost.folder import Address, DataFolder
from leadboost.ports import ReplicaProgress
from leadboost.remote.checks import check_surroundings
from leadboost.settings import HttpSettings
from leadboost.settings.connectors import ConnectorsSettings
from leadboost.settings.connectors.acting import MetaAdsSettings
from leadboost.settings.connectors.copying import FirestoreSettings
from leadboost.settings.connectors.drop import DropSettings
from leadboost.settings.connectors.hearing import GoogleTrendsSettings
from leadboost.settings.redis import RedisSettings
from leadboost.standins.feed import FeedServer, Item, Page, rss
from leadboost.standins.google_trends import GoogleTrendsServer, Trend
from leadboost.standins.meta_ads import MetaAdsServer
from leadboost.store.account import own_folder, server_account
from tests.contract.firestore_world import PROJECT, firestore_world
from tests.redis_process import RedisProcess


def settings(folder: Path, connectors: ConnectorsSettings | None = None) -> Settings:
    return Settings(data_dir=folder, http=HttpSettings(port=0), connectors=connectors or ConnectorsSettings())


async def test_a_fresh_folder_is_sound_and_stays_untouched(open_path: Path) -> None:
    checks = await check_surroundings(settings(open_path / "data"))

    assert all(state.startswith("ok") for state in checks.values())
    assert "made at the first start" in checks["database"]
    assert os.listdir(open_path) == []


async def test_a_cluster_of_another_major_version_is_a_fault(open_path: Path) -> None:
    pgdata = own_folder(open_path / "pgdata", server_account())
    (pgdata / "PG_VERSION").write_text("12\n")

    checks = await check_surroundings(settings(open_path))

    assert "was made by PostgreSQL 12" in checks["database"]


async def test_a_cluster_without_its_password_is_a_fault(open_path: Path) -> None:
    pgdata = own_folder(open_path / "pgdata", server_account())
    major = (await check_surroundings(settings(open_path / "data")))["database"].split("PostgreSQL ")[1][:2]
    (pgdata / "PG_VERSION").write_text(f"{major}\n")

    checks = await check_surroundings(settings(open_path))

    assert "postgres.json" in checks["database"]


async def test_a_running_daemon_is_asked_for_its_own_checks(open_path: Path) -> None:
    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        found = {"mode": "safe_mode", "database": "not connected", "mirror": "off"}
        return web.json_response({"ok": False, "checks": found}, status=503)

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    folder = DataFolder(open_path)
    async with TestServer(app) as server:
        with folder.locked():
            url = str(server.make_url("")).rstrip("/")
            folder.announce(Address(pid=1, url=url, started_at="2026-11-20T00:00:00+00:00"))
            checks = await check_surroundings(settings(open_path))

    assert checks["http"] == f"ok, a daemon runs at {url}"
    assert (checks["mode"], checks["database"]) == ("safe_mode", "not connected")
    assert checks["mirror"].startswith("ok")


async def test_every_feed_is_read_once_under_the_rules_of_polling(open_path: Path) -> None:
    async with FeedServer() as feeds:
        feeds.pages["/news"] = Page(body=rss([Item(guid="a", title="Fans sell out")]))
        host = feeds.url("").removeprefix("http://").rstrip("/")
        urls = {"good": feeds.url("/news"), "gone": feeds.url("/gone"), "inside": "http://10.0.0.1/feed"}
        listed = tuple(FeedSettings(name=name, url=url) for name, url in urls.items())
        connectors = ConnectorsSettings(allow_hosts=(host,), rss=RssSettings(feeds=listed))

        checks = await check_surroundings(settings(open_path, connectors))

    assert checks["source good"] == "ok, 1 item(s)"
    assert "404" in checks["source gone"]
    assert "connectors.allow_hosts" in checks["source inside"]


async def test_every_other_source_is_asked_too_and_its_fault_listed(open_path: Path) -> None:
    folder = open_path / "dropped"
    drop = DropSettings(folder=folder, enabled=True)
    async with GoogleTrendsServer() as trends:
        trends.trends["AR"] = [Trend(title="ventilador", at=SystemClock().now())]
        google = GoogleTrendsSettings(base_url=trends.url, geos=("AR", "BR"), enabled=True)
        connectors = ConnectorsSettings(allow_hosts=("127.0.0.1",), google_trends=google, drop=drop)

        checks = await check_surroundings(settings(open_path / "data", connectors))

    assert checks["source google_trends.ar"] == "ok, 1 search(es)"
    assert "404" in checks["source google_trends.br"]
    assert str(folder) in checks["source drop.files"]


async def test_an_ad_account_tells_who_we_connect_as_or_why_not(open_path: Path) -> None:
    async with MetaAdsServer(token="good-token", account_id="7") as graph:
        account = {"enabled": True, "base_url": graph.url, "account_id": "act_7"}
        states = []
        for token in ("good-token", "dead-token"):
            meta = MetaAdsSettings.model_validate({**account, "access_token": token})
            connectors = ConnectorsSettings(allow_hosts=("127.0.0.1",), meta_ads=meta)
            states.append((await check_surroundings(settings(open_path / "data", connectors)))["meta_ads"])

    assert states[0] == "ok, DEMO ads (7, USD)"
    assert "does not accept the access token" in states[1]


async def test_a_copy_in_firestore_tells_whether_it_can_be_written_to(
    open_path: Path, tmp_path: Path
) -> None:
    async with firestore_world(tmp_path, SystemClock()) as world:

        async def state(**changes: str) -> str:
            firestore = {
                "enabled": True,
                "base_url": world.server.url,
                "credentials_file": str(world.key_file),
                "project": PROJECT,
                "prefix": "lb_",
                **changes,
            }
            connectors = ConnectorsSettings(
                allow_hosts=("127.0.0.1",), firestore=FirestoreSettings.model_validate(firestore)
            )
            return (await check_surroundings(settings(open_path / "data", connectors)))["firestore"]

        fresh = await state()
        await world.replica.sign(ReplicaProgress(destination="d", epoch="e"))
        begun, elsewhere = await state(), await state(project="other-project")

    assert (fresh, begun) == ("ok, the copy is begun at the next start", "ok, the copy goes on")
    assert "connectors.firestore.project" in elsewhere


async def test_a_redis_that_answers_is_sound_and_one_that_does_not_is_a_fault(
    open_path: Path, shared_redis: RedisProcess
) -> None:
    found = []
    for url in (shared_redis.url, "redis://127.0.0.1:1/0"):
        redis = RedisSettings(url=SecretStr(url))
        checks = await check_surroundings(Settings(data_dir=open_path / "data", redis=redis))
        found.append(checks["redis"])

    assert found == ["ok", "Redis cannot be reached"]
