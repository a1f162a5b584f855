import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from leadboost.errors import EmbeddedServerError
from leadboost.store import server_process
from leadboost.store.account import Account, can_reach
from leadboost.store.binaries import find_binaries
from leadboost.store.cluster import Cluster, locate, socket_folder
from leadboost.store.embedded import EmbeddedPostgres
from leadboost.store.old_server import forget_dead_server

ROOT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: another user runs the server")


@pytest.fixture
def data_dir(open_path: Path) -> Path:
    return open_path / "var"


@pytest.fixture
def zombie() -> Iterator[int]:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    yield pid
    os.waitpid(pid, 0)


@pytest.fixture
def executable_dir() -> Iterator[Path]:
    """An open folder on disk: programs may not run from one in memory."""
    with tempfile.TemporaryDirectory(prefix="leadboost-tests-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def made_once(open_folder: Path) -> Path:
    """A data folder whose server was started and stopped once."""
    server = EmbeddedPostgres(open_folder / "made", no_sync=True)
    asyncio.run(server.start())
    asyncio.run(server.stop())
    return open_folder / "made"


@pytest.fixture
def used_dir(made_once: Path, data_dir: Path) -> Path:
    """A copy of a data folder that was used before: quicker than initdb."""
    subprocess.run(["cp", "-a", made_once, data_dir], check=True)
    return data_dir


@pytest.fixture
async def server(used_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(used_dir, no_sync=True)
    yield server
    await server.stop()


@pytest.fixture
async def fresh_server(data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_dir, no_sync=True)
    yield server
    await server.stop()


async def fetchval(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def start_parent(folder: Path) -> tuple["subprocess.Popen[str]", str, int]:
    command = [sys.executable, "-m", "tests.integration.embedded_parent", str(folder)]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    dsn, pid = parent.stdout.readline().split()
    return parent, dsn, int(pid)


def read_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":", 1) for line in lines)


def kill(parent: "subprocess.Popen[str]") -> None:
    parent.kill()
    parent.communicate()


async def await_end(pid: int) -> None:
    async with asyncio.timeout(10):
        handle = os.pidfd_open(pid)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(handle, ended.set)
        await ended.wait()
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)


async def test_the_server_is_durable_private_and_small(used_dir: Path) -> None:
    server = EmbeddedPostgres(used_dir)
    dsn = await server.start()
    names = ("fsync", "synchronous_commit", "shared_buffers", "listen_addresses", "password_encryption")
    try:
        found = [await fetchval(dsn, f"SHOW {name}") for name in names]
        methods = await fetchval(dsn, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")
    finally:
        await server.stop()

    assert found == ["on", "on", "64MB", "127.0.0.1", "scram-sha-256"]
    assert methods == ["scram-sha-256"]


async def test_the_secrets_folder_and_record_are_closed_to_others(
    fresh_server: EmbeddedPostgres, data_dir: Path
) -> None:
    await fresh_server.start()

    assert (data_dir / "postgres.json").stat().st_mode & 0o777 == 0o600
    assert (data_dir / "postgres.log").stat().st_mode & 0o777 == 0o600
    assert (data_dir / "pgdata").stat().st_mode & 0o077 == 0
    assert (data_dir / "socket").stat().st_mode & 0o077 == 0


async def test_a_restart_keeps_data_password_and_port(server: EmbeddedPostgres) -> None:
    first = await server.start()
    await fetchval(first, "CREATE TABLE kept (id int)")
    await server.stop()

    second = await server.start()

    assert second == first
    assert await fetchval(second, "SELECT count(*) FROM kept") == 0


async def test_wait_exit_reports_a_killed_server_and_start_brings_it_back(server: EmbeddedPostgres) -> None:
    dsn = await server.start()
    await fetchval(dsn, "CREATE TABLE kept (id int)")
    os.kill(server.pid, signal.SIGKILL)

    async with asyncio.timeout(10):
        assert await server.wait_exit() == -signal.SIGKILL
        dsn = await server.start()

    assert await fetchval(dsn, "SELECT count(*) FROM kept") == 0


async def test_stop_kills_a_frozen_server_in_time(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_process, "_FAST_STOP_S", 0.05)
    await server.start()
    pid = server.pid
    os.kill(pid, signal.SIGSTOP)

    async with asyncio.timeout(2):
        await server.stop()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
async def test_no_server_outlives_a_killed_parent_and_the_next_one_recovers(
    used_dir: Path, server: EmbeddedPostgres
) -> None:
    parent, dsn, pid = start_parent(used_dir)
    await fetchval(dsn, "CREATE TABLE kept (id int)")
    kill(parent)
    await await_end(pid)

    assert await fetchval(await server.start(), "SELECT count(*) FROM kept") == 0


async def test_a_start_right_after_a_killed_parent_waits_for_its_server(
    used_dir: Path, server: EmbeddedPostgres
) -> None:
    for _ in range(3):
        parent, _, _ = start_parent(used_dir)
        kill(parent)

        dsn = await server.start()
        assert await fetchval(dsn, "SELECT 1") == 1
        await server.stop()


async def test_a_start_recovers_when_parent_and_server_were_killed_together(
    used_dir: Path, server: EmbeddedPostgres
) -> None:
    parent, dsn, pid = start_parent(used_dir)
    await fetchval(dsn, "CREATE TABLE kept (id int)")
    os.kill(pid, signal.SIGKILL)
    kill(parent)

    assert await fetchval(await server.start(), "SELECT count(*) FROM kept") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="zombies are told by /proc")
async def test_a_zombie_that_nobody_collects_does_not_block_the_start(
    server: EmbeddedPostgres, used_dir: Path, zombie: int
) -> None:
    (used_dir / "pgdata" / "postmaster.pid").write_text(f"{zombie}\n{used_dir}/pgdata\n")

    assert await fetchval(await server.start(), "SELECT 1") == 1


@pytest.fixture
def stranger(open_path: Path) -> Iterator[int]:
    """A live process of the server's own user, at work elsewhere."""
    with subprocess.Popen(
        ["sleep", "60"], cwd=open_path, user=65534 if os.geteuid() == 0 else None
    ) as process:
        yield process.pid
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="strangers are told by /proc")
async def test_a_lock_file_with_a_strangers_number_does_not_block_the_start(
    server: EmbeddedPostgres, used_dir: Path, stranger: int
) -> None:
    (used_dir / "pgdata" / "postmaster.pid").write_text(f"{stranger}\n{used_dir}/pgdata\n")

    assert await fetchval(await server.start(), "SELECT 1") == 1


@pytest.mark.parametrize("content", [b"", b"\0\xff\n", b"0\n", b"99999999999999999999\n"])
async def test_a_lock_file_without_a_number_does_not_block_the_start(
    server: EmbeddedPostgres, used_dir: Path, content: bytes
) -> None:
    (used_dir / "pgdata" / "postmaster.pid").write_bytes(content)

    assert await fetchval(await server.start(), "SELECT 1") == 1


async def test_a_lock_file_stays_while_its_server_runs_or_the_look_is_denied(
    server: EmbeddedPostgres, used_dir: Path, stranger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = used_dir / "pgdata" / "postmaster.pid"
    await server.start()
    forget_dead_server(used_dir / "pgdata", None)
    assert lock.exists()
    await server.stop()

    def deny(*_: object) -> bool:
        raise PermissionError

    lock.write_text(f"{stranger}\n")
    monkeypatch.setattr("leadboost.store.old_server._serves", deny)
    forget_dead_server(used_dir / "pgdata", None)
    assert lock.exists()


async def test_a_watcher_stops_the_server_where_there_is_no_death_signal(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_process, "_has_death_signal", lambda: False)
    await server.start()
    process = server._running()
    assert process._watcher is not None
    assert process._watcher.stdin is not None

    process._watcher.stdin.close()

    async with asyncio.timeout(10):
        assert await server.wait_exit() == 0


async def test_a_half_finished_initdb_is_begun_anew(fresh_server: EmbeddedPostgres, data_dir: Path) -> None:
    half = data_dir / "initdb-killed" / "pgdata"
    os.makedirs(half)
    (half / "PG_VERSION").write_text("18\n")

    assert await fetchval(await fresh_server.start(), "SELECT 1") == 1
    assert not half.parent.exists()


async def test_a_start_cancelled_during_initdb_leaves_no_cluster(
    fresh_server: EmbeddedPostgres, data_dir: Path
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.15):
            await fresh_server.start()

    assert not (data_dir / "pgdata").exists()
    assert await fetchval(await fresh_server.start(), "SELECT 1") == 1


async def test_a_data_folder_of_another_major_version_is_refused(
    server: EmbeddedPostgres, used_dir: Path
) -> None:
    await server.start()
    await server.stop()
    (used_dir / "pgdata" / "PG_VERSION").write_text("14\n")

    with pytest.raises(EmbeddedServerError, match=r"made by PostgreSQL 14.*pg_dump"):
        await server.start()


async def test_a_data_folder_that_cannot_be_made_is_named(open_path: Path) -> None:
    blocked = open_path / "file"
    await asyncio.to_thread(blocked.touch)

    with pytest.raises(EmbeddedServerError, match="LEADBOOST_DATA_DIR"):
        await EmbeddedPostgres(blocked / "var").start()


async def test_a_lost_password_is_refused_with_the_way_out(server: EmbeddedPostgres, used_dir: Path) -> None:
    await server.start()
    await server.stop()
    (used_dir / "postgres.json").unlink()

    with pytest.raises(EmbeddedServerError, match="restore it"):
        await server.start()


async def test_a_taken_port_is_replaced(server: EmbeddedPostgres) -> None:
    first = await server.start()
    port = int(first.rpartition("=")[2])
    await server.stop()

    squatter = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", port)
    try:
        assert await server.start() != first
    finally:
        squatter.close()


async def test_a_failing_server_shows_its_last_words(server: EmbeddedPostgres, used_dir: Path) -> None:
    await server.start()
    await server.stop()
    with (used_dir / "pgdata" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")

    with pytest.raises(EmbeddedServerError, match="no_such_setting"):
        await server.start()


async def test_a_second_daemon_on_a_live_folder_is_refused(
    server: EmbeddedPostgres, used_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadboost.store.old_server._TIMEOUT_S", 0.1)
    await server.start()

    with pytest.raises(EmbeddedServerError, match=f"process {server.pid}"):
        await EmbeddedPostgres(used_dir).start()


async def test_start_outside_the_main_thread_is_refused(server: EmbeddedPostgres) -> None:
    errors: list[Exception] = []

    def run() -> None:
        try:
            asyncio.run(server.start())
        except EmbeddedServerError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    await asyncio.to_thread(thread.join)

    assert "main thread" in str(errors[0])


def test_the_log_stays_within_its_bound(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_process, "_LOG_BYTES", 1_000)
    data_dir.mkdir()
    with server_process._BoundedLog(data_dir / "postgres.log") as log:
        for _ in range(100):
            log.write(b"x" * 99 + b"\n")

    assert sorted(path.name for path in data_dir.iterdir()) == ["postgres.log", "postgres.log.1"]
    assert all(path.stat().st_size <= 1_200 for path in data_dir.iterdir())


def test_a_long_data_folder_gets_a_short_socket_path(data_dir: Path) -> None:
    home = data_dir / ("x" * 90)
    home.mkdir(parents=True)

    folder = socket_folder(Cluster(home=home, account=None))

    assert folder is not None
    assert len(os.fsencode(folder)) < 80
    assert folder.stat().st_mode & 0o077 == 0
    folder.rmdir()


@as_root
async def test_as_root_the_server_runs_as_nobody_without_groups(server: EmbeddedPostgres) -> None:
    await server.start()

    fields = read_status(server.pid)

    assert "0" not in fields["Uid"].split()
    assert "0" not in fields["Gid"].split()
    assert fields["Groups"].split() == []


@as_root
async def test_below_a_private_folder_the_cluster_is_placed_elsewhere_and_linked(data_dir: Path) -> None:
    private = data_dir / "home"
    private.mkdir(parents=True)
    private.chmod(0o700)
    server = EmbeddedPostgres(private / "var", no_sync=True, system_folder=data_dir / "system")
    await fetchval(await server.start(), "CREATE TABLE kept (id int)")
    await server.stop()

    dsn = await server.start()
    kept = await fetchval(dsn, "SELECT count(*) FROM kept")
    await server.stop()

    assert kept == 0
    assert (private / "var" / "pgdata").readlink().is_relative_to(data_dir / "system")
    assert private.stat().st_mode & 0o777 == 0o700


def test_a_vanished_cluster_is_never_replaced_in_silence(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "pgdata").symlink_to(data_dir / "gone" / "pgdata")

    with pytest.raises(EmbeddedServerError, match="is gone: restore it"):
        locate(data_dir, None, data_dir)


@pytest.mark.skipif(not Path("/usr/lib/postgresql").exists(), reason="needs a PostgreSQL of this machine")
async def test_without_the_wheel_the_newest_server_of_the_machine_is_used(
    fresh_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadboost.store.binaries._wheel_folder", lambda: None)

    dsn = await fresh_server.start()

    assert await fetchval(dsn, "SHOW server_encoding") == "UTF8"
    assert await fetchval(dsn, "SELECT datcollate FROM pg_database WHERE datname = 'leadboost'") == "C"


@as_root
def test_programs_below_a_private_folder_are_copied_once_and_run(
    executable_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(name="nobody", uid=65534, gid=65534)
    private = Path(sys.prefix).resolve()
    monkeypatch.setattr(
        "leadboost.store.binaries.can_reach", lambda account, path: not path.is_relative_to(private)
    )

    first = find_binaries(account, executable_dir)
    second = find_binaries(account, executable_dir)

    assert first == second
    assert can_reach(account, first.folder / "initdb")
    assert [path.name for path in executable_dir.iterdir()] == [first.folder.parents[2].name]
    subprocess.run([first.folder / "initdb", "--version"], check=True, user=65534, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("mode", "reachable"), [(0o755, True), (0o711, True), (0o700, False), (0o750, False)]
)
def test_can_reach_goes_by_the_bits_of_every_folder_above(data_dir: Path, mode: int, reachable: bool) -> None:
    stranger = Account(name="stranger", uid=64_999, gid=64_999)
    (data_dir / "inner").mkdir(parents=True, mode=0o755)
    data_dir.chmod(mode)

    assert can_reach(stranger, data_dir / "inner") is reachable
    assert can_reach(stranger, data_dir / "inner" / "not there yet") is reachable
