"""Access tokens made from the data folder's own key."""

from typing import TypedDict

from leadboost.clock import SystemClock
from leadboost.config import Settings
from leadboost.console.auth import Role, Tokens
from leadboost.errors import InputError
from leadboost.folder import DataFolder
from leadboost.remote.arguments import seconds

MAX_NAME_CHARS = 100


class IssuedToken(TypedDict):
    """A token with what it says; ``expires_in`` in seconds."""

    token: str
    role: str
    name: str
    expires_in: int


def issue_token(settings: Settings, role: str, name: str | None, ttl: str | None) -> IssuedToken:
    """Sign a token for ``name`` (the role where it is None). Raises InputError, FolderError."""
    subject = (role if name is None else name).strip()
    if not 1 <= len(subject) <= MAX_NAME_CHARS or not subject.isprintable():
        raise InputError("--name", f"takes 1 to {MAX_NAME_CHARS} printable characters")
    ttl_s = settings.auth.token_ttl_s if ttl is None else seconds(ttl)
    tokens = Tokens(DataFolder(settings.data_dir).signing_key(), SystemClock())
    token = tokens.issue(subject, Role.parse(role), ttl_s)
    return IssuedToken(token=token, role=role, name=subject, expires_in=ttl_s)
