"""The embedded server's data folder: where it lies, who owns it, and how it is made."""

import asyncio
import json
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from leadboost.errors import EmbeddedServerError
from leadboost.store.account import Account, can_reach, own_folder
from leadboost.store.binaries import Binaries
from leadboost.store.server_process import spawn

ROLE = "leadboost"
_INITDB_TIMEOUT_S = 120.0
_BUILTIN_LOCALE_MAJOR = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """``home`` is the folder that holds ``pgdata``, seen by ``account``."""

    home: Path
    account: Account | None

    @property
    def pgdata(self) -> Path:
        """The folder that PostgreSQL calls its data directory."""
        return self.home / "pgdata"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecord:
    """What must outlive the process: the role's password and the TCP port last used."""

    password: str
    port: int


def locate(data_dir: Path, account: Account | None, system_folder: Path) -> Cluster:
    """Say where the cluster of ``data_dir`` lies, or shall lie.

    It is ``data_dir`` itself, unless we are root and the server's user cannot get there (a checkout
    below a private home): then ``data_dir/pgdata`` is a link into ``system_folder``. No folder's
    permissions are ever widened. Raises EmbeddedServerError.
    """
    place = data_dir / "pgdata"
    if place.is_symlink():
        home = Path(os.readlink(place)).parent
        if not home.is_dir():
            raise EmbeddedServerError(
                f"the database folder {home} is gone: restore it, or remove {place} to begin anew, empty"
            )
    elif place.exists() or can_reach(account, data_dir):
        home = data_dir
    else:
        home = _new_home(_system_folder_for(data_dir, system_folder))
        place.symlink_to(home / "pgdata")
    cluster = Cluster(home=home, account=account)
    _check_owner(cluster)
    return cluster


def load_record(data_dir: Path, *, fresh: bool) -> ServerRecord:
    """Read ``postgres.json``; for a ``fresh`` cluster make a new one when there is none."""
    path = data_dir / "postgres.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return ServerRecord(password=str(content["password"]), port=int(content["port"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not fresh:
            raise EmbeddedServerError(
                f"{path} with the database's password cannot be read ({type(error).__name__}): restore it, "
                f"or move {data_dir / 'pgdata'} away to begin with an empty database"
            ) from error
    return ServerRecord(password=secrets.token_urlsafe(32), port=0)


def save_record(data_dir: Path, record: ServerRecord) -> None:
    """Write ``postgres.json`` whole or not at all, readable by its owner alone."""
    text = json.dumps({"password": record.password, "port": record.port})
    handle, name = tempfile.mkstemp(prefix=".postgres-", dir=data_dir)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(data_dir / "postgres.json")
        _sync_folder(data_dir)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


async def create_cluster(cluster: Cluster, binaries: Binaries, password: str, *, no_sync: bool) -> None:
    """Run initdb beside ``pgdata`` and rename: a killed run leaves nothing that looks finished."""
    for leftover in cluster.home.glob("initdb-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix="initdb-", dir=cluster.home))
    try:
        password_file = work / "password"
        password_file.write_text(password, encoding="utf-8")
        password_file.chmod(0o600)
        if cluster.account is not None:
            for path in (password_file, work):
                os.chown(path, cluster.account.uid, cluster.account.gid)
        await _run_initdb(cluster, _initdb_command(binaries, work, no_sync=no_sync))
        (work / "pgdata").rename(cluster.pgdata)
        _sync_folder(cluster.home)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_version(cluster: Cluster, binaries: Binaries) -> None:
    """Refuse a data folder of another major version. Raises EmbeddedServerError with the way out."""
    version = (cluster.pgdata / "PG_VERSION").read_text(encoding="ascii").strip()
    if version != str(binaries.major):
        raise EmbeddedServerError(
            f"{cluster.pgdata} was made by PostgreSQL {version}, but {binaries.major} is installed: dump it "
            f"with PostgreSQL {version}'s pg_dump and load it into a new folder, or set DATABASE_URL to a "
            "server that runs it, or move the folder away to begin with an empty database"
        )


def _initdb_command(binaries: Binaries, work: Path, *, no_sync: bool) -> list[str]:
    command = [
        str(binaries.folder / "initdb"),
        f"--pgdata={work / 'pgdata'}",
        f"--username={ROLE}",
        "--auth=scram-sha-256",
        f"--pwfile={work / 'password'}",
        "--encoding=UTF8",
        "--locale=C",
        "--data-checksums",
        "--no-instructions",
    ]
    if binaries.major >= _BUILTIN_LOCALE_MAJOR:
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*command, "--no-sync"] if no_sync else command


async def _run_initdb(cluster: Cluster, command: list[str]) -> None:
    process = spawn(command, account=cluster.account, death_signal=signal.SIGKILL)
    try:
        output, _ = await asyncio.to_thread(process.communicate, timeout=_INITDB_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise EmbeddedServerError(f"initdb did not end within {_INITDB_TIMEOUT_S:g} s") from error
    finally:
        if process.poll() is None:
            process.kill()
    if process.returncode != 0:
        lines = output.decode(errors="replace").splitlines()[-5:]
        raise EmbeddedServerError(f"initdb failed: {' | '.join(lines)}")


def _check_owner(cluster: Cluster) -> None:
    if not cluster.pgdata.is_dir():
        return
    owner = cluster.pgdata.stat().st_uid
    expected = cluster.account.uid if cluster.account else os.geteuid()
    if owner != expected:
        raise EmbeddedServerError(
            f"{cluster.pgdata} belongs to user {_user_name(owner)}: start LeadBoost as the user who made it, "
            "or choose another LEADBOOST_DATA_DIR"
        )
    if not can_reach(cluster.account, cluster.home):
        raise EmbeddedServerError(
            f"user {_user_name(expected)} can no longer reach {cluster.pgdata}: let it enter the folders "
            "above, or move the data folder"
        )


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _system_folder_for(data_dir: Path, system_folder: Path) -> Path:
    """What belongs to a temporary data folder stays in the temporary folder."""
    temporary = Path(tempfile.gettempdir()).resolve()
    if data_dir.resolve().is_relative_to(temporary) and not system_folder.is_relative_to(temporary):
        return temporary
    return system_folder


def _new_home(parent: Path) -> Path:
    try:
        parent.mkdir(parents=True, exist_ok=True)
        home = Path(tempfile.mkdtemp(prefix="leadboost-cluster-", dir=parent))
    except OSError as error:
        raise EmbeddedServerError(
            f"the data folder lies below a private folder and {parent} cannot be used instead: {error}; "
            "set LEADBOOST_DATA_DIR to a folder that every user can enter"
        ) from error
    home.chmod(stat.S_IRWXU | stat.S_IXGRP | stat.S_IXOTH)
    return home


def socket_folder(cluster: Cluster) -> Path | None:
    """Return a private folder whose socket path stays under 100 bytes, or None when there is none."""
    own = cluster.home / "socket"
    if _fits(own):
        return own_folder(own, cluster.account)
    temporary = Path(tempfile.gettempdir())
    if not _fits(temporary / "leadboost-12345678"):
        return None
    folder = Path(tempfile.mkdtemp(prefix="leadboost-", dir=temporary))
    if cluster.account is not None:
        os.chown(folder, cluster.account.uid, cluster.account.gid)
    return folder


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / ".s.PGSQL.65535.lock")) < 100


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
