"""The daemon as a process: start, stop, refusals, safe mode, and a database that dies under it."""

import asyncio
import json
import os
import signal
import socket
import threading
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from time import monotonic
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlsplit

import asyncpg

from tests.acceptance.process import Process

Start = Callable[..., Process]


def get(url: str) -> tuple[int, object]:
    """Fetch JSON; a problem is an answer too."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, json.load(response)
    except HTTPError as problem:
        with problem:
            return problem.code, json.load(problem)


def url_of(process: Process) -> str:
    """Where a daemon that is not up yet answers health."""
    process.wait_for("safe mode entered")
    address: dict[str, str] = json.loads((process.data_dir / "daemon.json").read_text())
    return address["url"]


def test_daemon_starts_in_stages_and_stops_in_reverse_with_exit_code_0(start: Start) -> None:
    daemon = start()
    assert get(daemon.up() + "/readyz")[0] == 200

    began = monotonic()
    code = daemon.stop()

    assert (code, monotonic() - began < 10) == (0, True)
    reports = [json.loads(line) for line in daemon.lines if '"stage changed"' in line]
    started = [each["stage"] for each in reports if each["state"] == "started"]
    stopped = [each["stage"] for each in reports if each["state"] == "stopped"]
    assert started == [
        "halting",
        "postgres",
        "store",
        "mirror",
        "journal",
        "streaming",
        "alerting",
        "safety",
        "selling",
        "learning",
        "bookkeeping",
        "hearing",
        "intake",
    ]
    assert stopped == started[::-1]


def test_daemon_is_ready_within_3_seconds_of_its_second_start(start: Start) -> None:
    first = start()
    first.up()
    first.stop()

    began = monotonic()
    second = start()
    ready = get(second.up() + "/readyz")

    assert ready[0] == 200
    assert monotonic() - began < 3


def test_second_signal_forces_the_end(start: Start) -> None:
    daemon = start()
    daemon.up()

    daemon.process.send_signal(signal.SIGTERM)
    code = daemon.stop(signal.SIGINT)

    assert code == 1
    daemon.wait_for("stop forced")


def test_second_daemon_on_one_data_folder_is_refused_by_name(start: Start) -> None:
    first = start()
    url = first.up()

    second = start()

    assert second.process.wait(15) == 1
    assert url in second.wait_for("another daemon uses")


def test_bad_configuration_ends_in_safe_mode_that_names_every_key(start: Start) -> None:
    daemon = start(LEADBOOST_LOG__LEVEL="loud", LEADBOOST_DATABSE__POOL_SIZE="3")
    url = url_of(daemon)

    status, health = get(url + "/health")

    assert status == 503
    assert isinstance(health, dict)
    assert health["mode"] == "safe_mode"
    assert any("log.level" in problem and "loud" in problem for problem in health["problems"])
    assert any("LEADBOOST_DATABASE__POOL_SIZE" in problem for problem in health["problems"])
    assert get(url + "/healthz")[0] == 200
    assert get(url + "/api/stock")[0] == 503
    assert daemon.stop() == 0


def test_unreachable_database_is_safe_mode_until_it_answers(start: Start, dsn: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as reserved:
        port = reserved.getsockname()[1]
    parts = urlsplit(dsn)
    target = int(parse_qs(parts.query)["port"][0])
    daemon = start(DATABASE_URL=f"postgresql://leadboost:{parts.password}@127.0.0.1:{port}{parts.path}")
    url = url_of(daemon)
    status, health = get(url + "/health")
    assert (status, isinstance(health, dict) and health["mode"]) == (503, "safe_mode")

    with forwarding(port, target):
        assert daemon.up() == url
        assert get(url + "/readyz")[0] == 200
        assert daemon.stop() == 0


def test_killed_postgres_is_restarted_and_selling_goes_on(start: Start) -> None:
    daemon = start()
    url = daemon.up()
    postmaster = int((daemon.data_dir / "pgdata" / "postmaster.pid").read_text().split()[0])

    os.kill(postmaster, signal.SIGKILL)
    daemon.wait_for("postgres restarted")

    wait_until(lambda: get(url + "/readyz")[0] == 200)
    assert daemon.stop() == 0


def test_kill_9_leaves_a_folder_from_which_the_next_start_recovers(start: Start) -> None:
    first = start()
    first.up()
    first.process.kill()
    first.process.wait()

    second = start()

    assert get(second.up() + "/readyz")[0] == 200
    assert second.stop() == 0


def wait_until(fact: Callable[[], bool], *, seconds: float = 20) -> None:
    """Ask again until it is so; each question takes a round trip of its own."""
    give_up_at = monotonic() + seconds
    while not _holds(fact):
        assert monotonic() < give_up_at, "it never came true"


def _holds(fact: Callable[[], bool]) -> bool:
    try:
        return fact()
    except URLError:
        return False


class forwarding:  # used as a context manager
    """Forward connections from one loopback port to another; every socket is closed at the end."""

    def __init__(self, port: int, target: int) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        self._target = target
        self._sockets: list[socket.socket] = [self._server]
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> None:
        self._run(self._accept)

    def __exit__(self, *_: object) -> None:
        acceptor = self._threads[0]
        self._server.shutdown(socket.SHUT_RDWR)  # a mere close would leave the acceptor waiting
        acceptor.join()
        for each in self._sockets:
            with suppress(OSError):  # the other side may have gone first
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _run(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._sockets.append(client)
                upstream = socket.create_connection(("127.0.0.1", self._target))
                self._sockets.append(upstream)
                self._run(_pump, client, upstream)
                self._run(_pump, upstream, client)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


async def test_stop_during_a_start_is_obeyed_at_once(start: Start, dsn: str) -> None:
    blocker = await asyncpg.connect(dsn)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("LOCK TABLE schema_migrations IN ACCESS EXCLUSIVE MODE")
    daemon = start(DATABASE_URL=dsn)
    await asyncio.to_thread(daemon.wait_for, '"stage": "store", "state": "starting"')

    began = monotonic()
    code = await asyncio.to_thread(daemon.stop)
    await blocker.close()

    assert (code, monotonic() - began < 5) == (0, True)
    assert not any("LeadBoost is up" in line for line in daemon.lines)


def test_postgres_that_keeps_dying_ends_in_safe_mode_and_is_tried_anew(start: Start) -> None:
    daemon = start()
    url = daemon.up()

    for restarts in range(6):
        os.kill(int((daemon.data_dir / "pgdata" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        daemon.wait_for("postgres restarted" if restarts < 5 else "safe mode entered", times=restarts % 5 + 1)
    daemon.wait_for("LeadBoost is up", times=2)

    wait_until(lambda: get(url + "/readyz")[0] == 200)
    assert daemon.stop() == 0


def test_a_host_with_another_key_of_authors_than_its_database_is_in_safe_mode(start: Start, dsn: str) -> None:
    first = start(DATABASE_URL=dsn)
    first.up()
    assert first.stop() == 0

    other = start(DATABASE_URL=dsn, LEADBOOST_RADAR__AUTHOR_KEY="ab" * 32)
    _, health = get(url_of(other) + "/health")

    assert isinstance(health, dict)
    assert any("radar.author_key" in problem for problem in health["problems"])
    assert other.stop() == 0
    assert start(
        DATABASE_URL=dsn, LEADBOOST_RADAR__AUTHOR_KEY="ab" * 32, LEADBOOST_RADAR__REPLACE_AUTHOR_KEY="true"
    ).up()
