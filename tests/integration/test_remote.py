import csv
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from leadboost.clock import SystemClock
from leadboost.domain.outcome_survey import OutcomeOptions
from leadboost.errors import InputError
from leadboost.folder import Address, DataFolder
from leadboost.remote.client import Answer, Remote, RemoteError, connect, find_daemon
from leadboost.remote.outcomes import ingest_outcomes
from leadboost.remote.session import through_daemon
from leadboost.remote.signals import ingest_signals
from leadboost.remote.stock import ingest_stock

OUTCOMES = """id,date,cost,revenue
1,2024-11-01,1,2
2,soon,1,2
3,2024-11-01,0,2
bad,2024-11-01,1,2
5,2024-11-01,1,2
"""


@dataclass
class Api:
    """Stands for the API: an item with ``bad`` spoils its whole request, one with ``worse`` itself."""

    busy: int = 0
    changed: int = 0
    requests: list[bytes] = field(default_factory=list)
    stored: list[object] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append(body)
        if self.busy:
            self.busy -= 1
            return web.json_response({"code": "starting"}, status=503, headers={"Retry-After": "0"})
        if b'"bad"' in body:
            return web.json_response({"code": "invalid_data", "detail": "bad is bad"}, status=422)
        items = orjson.loads(body)["items"]
        rejected = [{"index": n, "reason": "worse"} for n, item in enumerate(items) if "worse" in item]
        fresh = [item for item in items if "worse" not in item and item not in self.stored]
        self.stored += fresh
        known = len(items) - len(rejected) - len(fresh)
        counts = {"accepted": len(fresh), "changed": self.changed, "duplicates": known}
        return web.json_response(counts | {"rejected": rejected})

    async def put(self, request: web.Request) -> web.Response:
        self.stored.append((request.match_info["sku"], orjson.loads(await request.read())))
        return web.json_response({"sku": request.match_info["sku"]})


@asynccontextmanager
async def serving(api: Api, folder: Path) -> AsyncIterator[Remote]:
    async def model(_: web.Request) -> web.Response:
        return web.json_response({"pending": 0})

    app = web.Application()
    app.router.add_post("/api/outcomes", api.take)
    app.router.add_post("/api/signals", api.take)
    app.router.add_put("/api/stock/{sku}", api.put)
    app.router.add_get("/api/model", model)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with connect(url, DataFolder(folder), SystemClock()) as remote:
            yield remote


async def test_an_upload_counts_every_row_and_lists_every_reject(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(OUTCOMES)

    async with serving(Api(), tmp_path) as remote:
        report = await ingest_outcomes(remote, file, OutcomeOptions(), fallback=tmp_path)

    assert (report.rows, report.new, report.known, report.skipped, report.rejected) == (5, 2, 0, 1, 2)
    assert report.rejects_file == tmp_path / "mine.csv.rejects.csv"
    with report.rejects_file.open(newline="") as rejects:
        assert list(csv.reader(rejects)) == [
            ["line", "reason", "id", "date", "cost", "revenue"],
            ["3", "date 'soon': not a date; write it as 2024-11-20", "2", "soon", "1", "2"],
            ["5", "bad is bad", "bad", "2024-11-01", "1", "2"],
        ]


async def test_rejects_go_to_the_data_folder_where_the_files_own_is_closed(tmp_path: Path) -> None:
    file, data = tmp_path / "mine.csv", tmp_path / "data"
    file.write_text(OUTCOMES)
    (tmp_path / "mine.csv.rejects.csv").mkdir()

    async with serving(Api(), tmp_path) as remote:
        report = await ingest_outcomes(remote, file, OutcomeOptions(), fallback=data)

    assert report.rejects_file == data / "mine.csv.rejects.csv"


def rejects_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*.rejects.csv"))


async def test_a_clean_rerun_removes_the_rejects_of_the_last_one(tmp_path: Path) -> None:
    file, other = tmp_path / "mine.csv", tmp_path / "mine.jsonl"
    file.write_text(OUTCOMES)
    other.write_text('{"worse":1}\n')

    async with serving(Api(), tmp_path) as remote:
        await ingest_outcomes(remote, file, OutcomeOptions(), fallback=tmp_path / "data")
        await ingest_signals(remote, other, {}, None, fallback=tmp_path / "data")
        file.write_text("id,date,cost,revenue\n1,2024-11-01,1,2\n")
        report = await ingest_outcomes(remote, file, OutcomeOptions(), fallback=tmp_path / "data")

    assert report.rejects_file is None
    assert {path.name for path in rejects_in(tmp_path)} == {"mine.jsonl.rejects.csv"}


async def test_rows_that_replaced_known_outcomes_are_pointed_out(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("id,date,cost,revenue\n" + "".join(f"{n},2024-11-01,1,2\n" for n in range(3)))

    async with serving(Api(changed=2), tmp_path) as remote:
        report = await ingest_outcomes(remote, file, OutcomeOptions(), fallback=tmp_path)

    assert (report.new, report.changed) == (3, 2)
    assert any(note.startswith("2 row(s) replaced") and "--platform" in note for note in report.notes)


async def test_a_busy_daemon_is_asked_again(tmp_path: Path) -> None:
    api = Api(busy=2)
    file = tmp_path / "mine.csv"
    file.write_text("id,date,cost,revenue\n1,2024-11-01,1,2\n")

    async with serving(api, tmp_path) as remote:
        report = await ingest_outcomes(remote, file, OutcomeOptions(), fallback=tmp_path)

    assert report.new == 1
    assert len(api.requests) == 3


async def test_a_large_file_goes_in_batches(tmp_path: Path) -> None:
    api = Api()
    file = tmp_path / "mine.csv"
    file.write_text("id,date,cost,revenue\n" + "".join(f"{n},2024-11-01,1,2\n" for n in range(1201)))

    async with serving(api, tmp_path) as remote:
        report = await ingest_outcomes(remote, file, OutcomeOptions(), fallback=tmp_path)

    assert report.new == 1201
    assert [len(orjson.loads(body)["items"]) for body in api.requests] == [500, 500, 201]


ONE = '{"source":"s","external_id":"1","text":"a"}'
OTHER = '{"source":"s","external_id":"2","text":"b"}'
LINES = f'{ONE}\n\n{{"oops\n[1]\n{OTHER}\n'
ARRAY = f"[{ONE},7,8,\n{OTHER}]"
TABLE = "source,external_id,text\ns,1,a\ns,1\ns,1,2,3\ns,2,b\n"


@pytest.mark.parametrize("content", [LINES, ARRAY, TABLE, "\ufeff" + LINES, f'{{"items":{ARRAY}}}'])
async def test_signals_come_as_lines_as_an_array_or_as_a_table(tmp_path: Path, content: str) -> None:
    api = Api()
    file = tmp_path / "signals.any"
    file.write_text(content, encoding="utf-8")

    async with serving(api, tmp_path) as remote:
        first = await ingest_signals(remote, file, {}, None, fallback=tmp_path)
        again = await ingest_signals(remote, file, {}, None, fallback=tmp_path)

    assert (first.rows, first.new, first.known, first.rejected) == (4, 2, 0, 2)
    assert (again.rows, again.new, again.known, again.rejected) == (4, 0, 2, 2)
    assert api.stored[1] == {"source": "s", "external_id": "2", "text": "b"}


async def test_a_line_that_is_not_utf8_spoils_itself_alone(tmp_path: Path) -> None:
    file = tmp_path / "signals.jsonl"
    file.write_bytes(b'{"text":"caf\xc3\xa9"}\n{"text":"caf\xe9"}\n{"worse":1}\n')
    api = Api()

    async with serving(api, tmp_path) as remote:
        report = await ingest_signals(remote, file, {}, None, fallback=tmp_path)

    assert [reject.line for reject in report.rejects] == [2, 3]
    assert api.stored == [{"text": "café"}]


@pytest.mark.parametrize("content", ["", "[", "[]", "plain words\n", '{"items": 3}'])
async def test_a_file_that_holds_no_signals_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "signals.any"
    file.write_text(content)

    async with serving(Api(), tmp_path) as remote:
        with pytest.raises(InputError):
            await ingest_signals(remote, file, {}, None, fallback=tmp_path)


async def test_stock_is_set_sku_by_sku(tmp_path: Path) -> None:
    file = tmp_path / "stock.csv"
    file.write_text("sku,on_hand\na/b c,5\nd,6\nd,6\nd,7\ne,\n")
    api = Api()

    async with serving(api, tmp_path) as remote:
        report = await ingest_stock(remote, file, {}, "USD", fallback=tmp_path)

    assert (report.rows, report.new, report.known, report.skipped, report.rejected) == (5, 2, 1, 1, 1)
    assert sorted(map(str, api.stored)) == ["('a/b c', {'on_hand': 5})", "('d', {'on_hand': 6})"]


async def test_a_daemon_that_cannot_be_reached_is_a_clear_error(tmp_path: Path) -> None:
    async with connect("http://127.0.0.1:9", DataFolder(tmp_path), SystemClock()) as remote:
        with pytest.raises(RemoteError, match="cannot be reached"):
            await remote.get("/healthz", Answer)


async def test_an_address_without_a_lock_is_no_daemon(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.announce(Address(pid=1, url="http://127.0.0.1:9", started_at="2026-11-20T00:00:00+00:00"))

    assert await find_daemon(folder, SystemClock()) is None


async def test_a_daemon_is_found_by_the_lock_that_it_holds(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    app = web.Application()
    app.router.add_get("/healthz", alive)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        with folder.locked():
            folder.announce(Address(pid=1, url=url, started_at="2026-11-20T00:00:00+00:00"))

            assert await find_daemon(folder, SystemClock()) == url


@asynccontextmanager
async def taken(folder: DataFolder) -> AsyncIterator[str]:
    """A daemon that finds its folder in use, as when another command was a moment faster."""
    with DataFolder(folder.path).locked(), folder.locked():
        yield "never reached"


async def test_a_command_that_loses_the_folder_to_another_looks_again(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    attempts: list[str] = []

    def own() -> AbstractAsyncContextManager[str]:
        attempts.append("own")
        return taken(folder) if len(attempts) == 1 else nullcontext("http://127.0.0.1:9")

    async def work(remote: Remote) -> str:
        return remote.base_url

    assert await through_daemon(folder, SystemClock(), own, work) == "http://127.0.0.1:9"
    assert len(attempts) == 2


async def test_work_begins_anew_when_the_daemon_of_another_command_ends_under_it(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    app = web.Application()
    app.router.add_get("/healthz", alive)
    used: list[str] = []

    async with TestServer(app) as server:
        with ExitStack() as other:
            other.enter_context(folder.locked())
            url = str(server.make_url("")).rstrip("/")
            folder.announce(Address(pid=1, url=url, started_at="2026-11-20T00:00:00+00:00"))

            async def work(remote: Remote) -> int:
                used.append(remote.base_url)
                if len(used) == 1:
                    other.close()
                    raise RemoteError(0, "unreachable", "it is gone")
                return len(used)

            assert await through_daemon(folder, SystemClock(), lambda: nullcontext("own"), work) == 2

    assert used == [url, "own"]


async def alive(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
