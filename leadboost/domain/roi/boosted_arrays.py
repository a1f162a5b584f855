"""Trees as arrays of an artefact, and back; nothing that is read is trusted."""

import json
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

import numpy as np

from leadboost.domain.roi.boosted import INPUTS, Boosted, Trees
from leadboost.errors import ArtefactError

MOST_NODES: Final = 200_000
MOST_DEPTH: Final = 64

_INTS = ("features", "left", "right", "roots")
_FLOATS = ("thresholds", "values")


def dump_trees(boosted: Boosted) -> bytes:
    """Write trees alone, as an npz."""
    header, arrays = pack(boosted)
    buffer = BytesIO()
    packed = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez_compressed(buffer, allow_pickle=False, header=packed, **arrays)
    return buffer.getvalue()


def load_trees(data: bytes) -> Boosted:
    """Read what ``dump_trees`` wrote. Raises ArtefactError."""
    try:
        with np.load(BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return unpack(json.loads(arrays["header"].tobytes()), arrays)
    except (zipfile.BadZipFile, zlib.error, LookupError, ValueError, TypeError, OSError, EOFError) as error:
        raise ArtefactError(f"the trees cannot be read: {error}") from error


def pack(boosted: Boosted) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the header's part, plain JSON, and the arrays by name."""
    header = {
        "depth": boosted.trees.depth,
        "observations": boosted.observations,
        "codes": [[name, at, rank] for name, (at, rank) in boosted.codes.items()],
    }
    return header, {f"tree_{name}": getattr(boosted.trees, name) for name in (*_INTS, *_FLOATS)}


def unpack(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> Boosted:
    """Read what ``pack`` wrote. Raises ArtefactError where a walk could leave the trees or never end."""
    found = {name: arrays[f"tree_{name}"] for name in (*_INTS, *_FLOATS)}
    trees = Trees(**found, depth=int(header["depth"]))
    codes = {str(name): (int(at), float(rank)) for name, at, rank in header["codes"]}
    if not (_is_sound(trees) and all(0 <= at < INPUTS and np.isfinite(rank) for at, rank in codes.values())):
        raise ArtefactError("the model artefact has unsound trees")
    return Boosted(trees, codes, int(header["observations"]))


def _is_sound(trees: Trees) -> bool:
    ints = [getattr(trees, name) for name in _INTS]
    nodes = len(trees.values)
    alike = [trees.features, trees.left, trees.right, trees.thresholds, trees.values]
    return bool(
        all(array.dtype == np.int64 and array.ndim == 1 for array in ints)
        and all(getattr(trees, name).dtype == np.float64 for name in _FLOATS)
        and all(array.shape == (nodes,) for array in alike)
        and 0 < nodes <= MOST_NODES
        and 0 <= trees.depth <= MOST_DEPTH
        and np.isfinite(trees.values).all()
        and not np.isnan(trees.thresholds).any()
        and all(((array >= 0) & (array < nodes)).all() for array in (trees.left, trees.right, trees.roots))
        and ((trees.features >= 0) & (trees.features < INPUTS)).all()
    )
