"""Unit tests run on virtual time: a test that waits an hour takes no time at all."""

from collections.abc import AsyncIterator, Callable

import pytest

from leadboost.runtime.testing import System, VirtualLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], VirtualLoop]]:
    return {"virtual": VirtualLoop}


@pytest.fixture
async def system() -> AsyncIterator[System]:
    system = System()
    yield system
    await system.close()
