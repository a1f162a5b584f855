"""The user that runs the embedded server: PostgreSQL refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from leadboost.errors import EmbeddedServerError

_NAME = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """Return ``nobody`` when this process is root, else None: the server runs as we do."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_NAME)
    except KeyError:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root and there is no user {_NAME} to run it: start LeadBoost as an "
            "ordinary user, or set DATABASE_URL"
        ) from None
    return Account(name=_NAME, uid=entry.pw_uid, gid=entry.pw_gid)


def can_reach(account: Account | None, path: Path) -> bool:
    """Tell whether ``account`` may enter every folder on the way to ``path`` and read ``path`` itself.

    Goes by the permission bits. ``None`` stands for this process, which is taken at its word.
    """
    if account is None:
        return os.access(path, os.R_OK | os.X_OK) if path.exists() else True
    resolved = path.resolve()
    parents_open = all(_allows(account, folder, stat.S_IXOTH) for folder in resolved.parents)
    return parents_open and (not resolved.exists() or _allows(account, resolved, stat.S_IXOTH))


def own_folder(path: Path, account: Account | None, mode: int = 0o700) -> Path:
    """Make ``path`` a folder of ``account`` if it is missing, and return it."""
    if not path.is_dir():
        path.mkdir(mode=mode)
        path.chmod(mode)  # whatever the umask
        if account is not None:
            os.chown(path, account.uid, account.gid)
    return path


def _allows(account: Account, path: Path, bit: int) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & bit << 6)
    if status.st_gid == account.gid:
        return bool(status.st_mode & bit << 3)
    return bool(status.st_mode & bit)
