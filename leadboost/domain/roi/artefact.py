"""A learner as bytes and back: an npz of plain arrays, read without executing anything."""

import asyncio
import json
import zipfile
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from io import BytesIO
from typing import Any, Protocol

import numpy as np

from leadboost.domain.roi.boosted_arrays import pack, unpack
from leadboost.domain.roi.calibration import Calibration
from leadboost.domain.roi.design import COLUMNS, FIXED, NOWHERE, RIDGE_COLUMNS, TABLE_COLUMNS, Columns, Floats
from leadboost.domain.roi.features import BUCKETS, FEATURE_VERSION, KNOTS, NO_BUCKET
from leadboost.domain.roi.hashed import Hashed
from leadboost.domain.roi.learner import Learner
from leadboost.domain.roi.line import Line
from leadboost.domain.roi.linear import Additive
from leadboost.domain.roi.mixture import Mixture
from leadboost.domain.roi.score import WINDOWS, History, Score, Window
from leadboost.domain.roi.watch import Watch
from leadboost.errors import ArtefactError

LIMIT_BYTES = 16 * 2**20

_FORMAT = "leadboost.roi"
_UNPACKED_BYTES = 64 * 2**20
_CALIBRATION = ("scale_sums", "scale_rows", "overall", "tails", "errors", "target_range")


class Info(Protocol):
    """What is remembered of an artefact: its version, and its SHA-256 (hex) when it was written."""

    @property
    def version(self) -> int: ...

    @property
    def sha256(self) -> str: ...


def fingerprint(artefact: bytes) -> str:
    """Return the SHA-256 of an artefact in hex."""
    return sha256(artefact).hexdigest()


async def newest_sound(
    newest_first: Iterable[Info], read: Callable[[int], Awaitable[bytes]]
) -> tuple[int, Learner, Mapping[int, str]]:
    """Open the first sound artefact: its version, its learner, and why newer versions were refused.

    Version 0 and an empty learner when none is sound. Each is read when its turn comes.
    """
    faults: dict[int, str] = {}
    for info in newest_first:
        try:
            return info.version, await opened(info, read), faults
        except ArtefactError as error:
            faults[info.version] = str(error)
    return 0, Learner(), faults


async def opened(info: Info, read: Callable[[int], Awaitable[bytes]]) -> Learner:
    """Open one artefact, beside the loop. Raises ArtefactError."""
    return await asyncio.to_thread(_verified, await read(info.version), info.sha256)


def _verified(artefact: bytes, sha256_hex: str) -> Learner:
    if fingerprint(artefact) != sha256_hex:
        raise ArtefactError("the model artefact does not match its SHA-256")
    return load(artefact)


def dump(learner: Learner) -> bytes:
    """Write a learner; the same learner gives the same bytes. Raises ArtefactError past 16 MiB."""
    header = {
        "format": _FORMAT,
        "feature_version": FEATURE_VERSION,
        "ridge": learner.columns.names,
        "table": learner.columns.table_names,
        "score": asdict(learner.score),
        "history": asdict(learner.history),
        "watch": asdict(learner.watch),
        "members": [[one.forget, one.table_forget, one.typical] for one in learner.mixture.members],
        "line": [learner.mixture.line.forget, learner.mixture.line.typical],
        "hashed": [learner.mixture.hashed.forget, learner.mixture.hashed.typical],
    }
    arrays: dict[str, Any] = {}
    arrays |= {name: getattr(learner.calibration, name) for name in _CALIBRATION}
    arrays["line_sums"] = learner.mixture.line.sums
    arrays["hashed_weights"] = learner.mixture.hashed.weights
    arrays["hashed_squares"] = learner.mixture.hashed.squares[:NO_BUCKET]
    arrays["losses"] = learner.mixture.losses
    arrays["mixed_losses"] = learner.mixture.mixed_losses
    if learner.mixture.boosted is not None:
        header["boosted"], trees = pack(learner.mixture.boosted)
        arrays |= trees
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    for at, member in enumerate(learner.mixture.members):
        arrays |= {f"{name}_{at}": array for name, array in _member_arrays(member).items()}
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    data = buffer.getvalue()
    _check_size(len(data), LIMIT_BYTES)
    return data


def load(data: bytes) -> Learner:
    """Read what ``dump`` wrote. Raises ArtefactError when it is damaged, foreign, of another feature
    version, too big, or holds a number that is not finite."""
    _check_size(len(data), LIMIT_BYTES)
    try:
        return _learner(_arrays(data))
    except (
        zipfile.BadZipFile,
        zlib.error,
        LookupError,
        ValueError,
        TypeError,
        OSError,
        EOFError,
        MemoryError,
        RecursionError,
        RuntimeError,
    ) as error:
        raise ArtefactError(f"the model artefact cannot be read: {error}") from error


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise ArtefactError(f"the model artefact takes {size} bytes, more than {limit}")


def _member_arrays(member: Additive) -> dict[str, Floats]:
    triangle = np.tril_indices(member.used)
    return {
        "triangle": member.precision[: member.used, : member.used][triangle],
        "moments": member.moments,
        "table_sums": member.table_sums,
        "table_evidence": member.table_evidence,
        "weights": member.weights,
    }


def _arrays(data: bytes) -> Mapping[str, Any]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        _check_size(sum(entry.file_size for entry in archive.infolist()), _UNPACKED_BYTES)
    with np.load(BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _learner(arrays: Mapping[str, Any]) -> Learner:
    header = json.loads(arrays["header"].tobytes())
    if header["format"] != _FORMAT:
        raise ArtefactError("the model artefact is of another program")
    if header["feature_version"] != FEATURE_VERSION:
        raise ArtefactError(
            f"the model artefact has features {header['feature_version']}, this program {FEATURE_VERSION}"
        )
    columns = _columns(header["ridge"], header["table"])
    members = [
        _member(arrays, at, len(columns.names), *map(float, fields))
        for at, fields in enumerate(header["members"])
    ]
    if not members:
        raise ArtefactError("the model artefact holds no regressor")
    return Learner(
        columns=columns,
        mixture=Mixture(
            members,
            _line(arrays, *map(float, header["line"])),
            _hashed(arrays, *map(float, header["hashed"])),
            _floats(arrays, "losses", len(members) + 2),
            unpack(header["boosted"], arrays) if "boosted" in header else None,
            _floats(arrays, "mixed_losses", 2),
        ),
        calibration=_calibration(arrays),
        score=_score(header["score"]),
        history=_history(**header["history"]),
        watch=Watch(**_finite(header["watch"])),
    )


def _columns(names: Sequence[str], table_names: Sequence[str]) -> Columns:
    find = {name: at for at, name in enumerate(names)}
    find |= {name: RIDGE_COLUMNS + at for at, name in enumerate(table_names)}
    sound = len(find) == len(names) + len(table_names) and tuple(names[: len(FIXED)]) == FIXED
    if not sound or len(names) > RIDGE_COLUMNS or len(table_names) > TABLE_COLUMNS:
        raise ArtefactError("the model artefact has an unsound list of features")
    return Columns(find, list(names), list(table_names))


def _member(
    arrays: Mapping[str, Any], at: int, used: int, forget: float, table_forget: float, typical: float
) -> Additive:
    if not (0.0 < forget <= 1.0 and 0.0 < table_forget <= 1.0 and 0.0 <= typical < np.inf):
        raise ArtefactError("the model artefact has an unsound regressor")
    member = Additive(forget, table_forget, used, typical)
    triangle = np.tril_indices(used)
    half = np.zeros((used, used))
    half[triangle] = _floats(arrays, f"triangle_{at}", len(triangle[0]))
    member.precision = half + np.tril(half, -1).T
    member.moments = _floats(arrays, f"moments_{at}", RIDGE_COLUMNS)
    member.table_sums = _floats(arrays, f"table_sums_{at}", TABLE_COLUMNS)
    member.table_evidence = _floats(arrays, f"table_evidence_{at}", TABLE_COLUMNS)
    member.weights = _floats(arrays, f"weights_{at}", COLUMNS + 1)
    if member.weights[NOWHERE]:
        raise ArtefactError("the model artefact gives weight to unknown features")
    return member


def _line(arrays: Mapping[str, Any], forget: float, typical: float) -> Line:
    sums = _floats(arrays, "line_sums", 5)
    if not (0.0 < forget <= 1.0 and 0.0 <= typical < np.inf and sums[0] >= 0.0):
        raise ArtefactError("the model artefact has an unsound line")
    return Line(forget, typical, sums)


def _hashed(arrays: Mapping[str, Any], forget: float, typical: float) -> Hashed:
    weights = _floats(arrays, "hashed_weights", BUCKETS + 1)
    squares = _floats(arrays, "hashed_squares", BUCKETS)
    is_sound = 0.0 < forget <= 1.0 and 0.0 <= typical < np.inf and (squares >= 0.0).all()
    if not is_sound or weights[NO_BUCKET]:
        raise ArtefactError("the model artefact has an unsound regressor on hashed features")
    return Hashed(forget, typical, weights, np.append(squares, 0.0))


def _calibration(arrays: Mapping[str, Any]) -> Calibration:
    lengths = {"scale_sums": len(KNOTS), "scale_rows": len(KNOTS), "errors": None}
    return Calibration(**{name: _floats(arrays, name, lengths.get(name, 2)) for name in _CALIBRATION})


def _score(fields: Mapping[str, Any]) -> Score:
    return Score(**_finite(fields))


def _history(windows: Sequence[Mapping[str, Any]], window_rows: int) -> History:
    if len(windows) > WINDOWS or window_rows < 1:
        raise ArtefactError("the model artefact has an unsound history")
    return History([Window(**_finite(fields)) for fields in windows], window_rows)


def _finite(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    if not all(isinstance(value, str) or np.isfinite(value) for value in fields.values()):
        raise ArtefactError("the model artefact holds a number that is not finite")
    return fields


def _floats(arrays: Mapping[str, Any], name: str, length: int | None) -> Floats:
    array = arrays[name]
    if array.dtype != np.float64 or array.ndim != 1 or (length is not None and len(array) != length):
        raise ArtefactError(f"the model artefact's {name} has another shape")
    if not np.isfinite(array).all():
        raise ArtefactError(f"the model artefact's {name} holds a number that is not finite")
    result: Floats = array
    return result
