"""Accounts of people, and what their names and passwords may be."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from leadboost.domain.role import RoleName

MIN_PASSWORD_CHARS: Final = 12
MAX_PASSWORD_CHARS: Final = 256
MOST_LOGINS: Final = 20  # of one account at a time
DEMO_NAME: Final = "demo"
_MIN_DISTINCT_CHARS: Final = 5
# What the most used passwords of 12 characters and more are made of, digits and marks left out.
_WORST_WORDS: Final = """
abcdefghijkl abcdefghijklmnopqrstuvwxyz adminadmin administrator asdfghjkl changeme changemenow contrasena
contraseña defaultpassword iloveyou leadboost leadboostadmin letmein letmeinplease mypassword newpassword
passpasspass passphrase password passwordpassword passwort princess qazwsxedc qazwsxedcrfv qwerasdf
qwerasdfzxcv qwerty qwertyqwerty qwertyuiop qwertyuiopasdfghjkl secretpassword starwars sunshine superman
testtest testpassword thisisapassword trustnoone welcome welcomewelcome yourpassword zxcvbnm
"""
_WORST_RUNS: Final = (
    "0123456789" * 3,
    "9876543210" * 3,
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn",
)
_LEET: Final = str.maketrans("@$013457", "asoieast")
_TAIL: Final = "0123456789!?."


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may sign in; the name is unique, case and presentation forms aside."""

    id: UUID
    name: str
    role: RoleName
    created_at: datetime
    last_login_at: datetime | None = None


def fold_name(name: str) -> str:
    """Return what equal names have in common: NFKC caseless matching (Unicode Standard, 3.13, D147)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def normal_password(password: str) -> str:
    """Return the form that is hashed: NFC, since keyboards differ in how they compose a letter."""
    return unicodedata.normalize("NFC", password)


def password_fault(password: str) -> str | None:
    """Say why this normal form is no acceptable password, None if it is."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        return f"must have {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"
    folded = password.casefold()
    if len(set(folded)) < _MIN_DISTINCT_CHARS or _is_common(folded):
        return "is among the first that anyone would try; choose another, for example four random words"
    return None


def _is_common(folded: str) -> bool:
    words = {
        _letters(text) for text in (folded, folded.translate(_LEET), folded.rstrip(_TAIL).translate(_LEET))
    }
    padded = any(len(word) * 2 >= len(folded) for word in words & set(_WORST_WORDS.split()))
    return padded or any(folded in run for run in _WORST_RUNS)


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text)
