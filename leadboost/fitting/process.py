"""The worker process, from the daemon's side."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from leadboost.domain.roi.boosted import Boosted
from leadboost.domain.roi.boosted_arrays import load_trees
from leadboost.errors import FittingError
from leadboost.fitting.rows import encode
from leadboost.ports import HeardOutcome

LIMIT_S = 300
OUTPUT_BYTES = 16 * 2**20

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_READ_BYTES = 64 * 1024


class FittingProcess:
    """``Fitter`` by a process per fit, which never outlives the call."""

    async def fit(self, pages: AsyncIterator[Sequence[HeardOutcome]], observations: int) -> Boosted | None:
        try:
            async with asyncio.timeout(LIMIT_S):
                data = await _run(pages, observations)
            return await asyncio.to_thread(load_trees, data) if data else None
        except TimeoutError:
            raise FittingError(f"fitting took more than {LIMIT_S} s") from None
        except OSError as error:
            raise FittingError(f"the worker process failed: {error}") from error


async def _run(pages: AsyncIterator[Sequence[HeardOutcome]], observations: int) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "leadboost.fitting", str(observations), str(LIMIT_S)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    try:
        if process.stdin is None or process.stdout is None:
            raise FittingError("the worker process has no pipes")
        await _feed(process.stdin, pages)
        data = await _read(process.stdout)
        if code := await process.wait():
            raise FittingError(f"the worker process ended with code {code}")
        return data
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _feed(stdin: asyncio.StreamWriter, pages: AsyncIterator[Sequence[HeardOutcome]]) -> None:
    async for page in pages:
        stdin.write(await asyncio.to_thread(encode, page))
        await stdin.drain()
    stdin.close()


async def _read(stdout: asyncio.StreamReader) -> bytes:
    data = b""
    while part := await stdout.read(_READ_BYTES):
        data += part
        if len(data) > OUTPUT_BYTES:
            raise FittingError(f"the worker process wrote more than {OUTPUT_BYTES} bytes")
    return data
