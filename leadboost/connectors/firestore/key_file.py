"""The key file of a service account, as the cloud console gives it out."""

import json
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

LONGEST_BYTES = 65_536
BITS = 2_048
_PROBE = b"LeadBoost"


class KeyFileError(Exception):
    """The file is not usable; the text says why, and shows nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKey:
    """Who we are: ``email`` of the account, the private key and its id, and where tokens are given out."""

    email: str
    id: str
    private: RSAPrivateKey = field(repr=False)
    token_uri: str


def read_key_file(path: Path) -> AccountKey:
    """Read and check a key file. Raises KeyFileError."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(LONGEST_BYTES))
    except OSError as error:
        raise KeyFileError(f"cannot be read ({error.strerror or type(error).__name__})") from None
    except (ValueError, RecursionError):
        raise KeyFileError("is not a JSON file") from None
    if not isinstance(found, dict) or found.get("type") != "service_account":
        raise KeyFileError("is not the key file of a service account")
    return AccountKey(
        email=_text(found, "client_email"),
        id=_text(found, "private_key_id"),
        private=_private(_text(found, "private_key")),
        token_uri=_address(_text(found, "token_uri")),
    )


def _text(found: dict[str, object], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value.strip():
        raise KeyFileError(f"holds no {name}; download it again")
    return value


def _private(pem: str) -> RSAPrivateKey:
    """Load the key. A signature that verifies stands for the check of its primes, which would hold up all
    threads for a tenth of a second; the key is the owner's own, no stranger's."""
    try:
        key = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
        if isinstance(key, RSAPrivateKey) and key.key_size >= BITS:
            key.public_key().verify(key.sign(_PROBE, PKCS1v15(), SHA256()), _PROBE, PKCS1v15(), SHA256())
            return key
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise KeyFileError("holds no usable private_key; download it again") from None
    raise KeyFileError(f"holds a private_key that is not RSA of {BITS:,} bits or more")


def _address(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise KeyFileError("holds a token_uri that is no address") from None
    if parts.scheme != "https" and not _is_this_machine(parts.hostname or ""):
        raise KeyFileError("holds a token_uri that is not an https address")
    return uri


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
