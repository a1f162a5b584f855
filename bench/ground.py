"""Where a sales bench happens: one embedded PostgreSQL, its databases, one token for every server."""

import asyncio
import json
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import asyncpg

from bench.servers import Daemon, answers, free_port, spawn, wait_for
from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens
from leadboost.store.embedded import EmbeddedPostgres
from leadboost.store.migrate import migrate

TOKEN_TTL_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A folder that is removed at the end, a durable database server, a signing key (hex) and a token."""

    folder: Path
    dsn: str
    secret: str
    token: str

    def create_database(self, name: str) -> str:
        """Make a database with the product's schema; returns its DSN."""
        asyncio.run(_execute(self.dsn, f"CREATE DATABASE {name}"))
        dsn = urlsplit(self.dsn)._replace(path=f"/{name}").geturl()
        asyncio.run(migrate(dsn))
        return dsn

    @contextmanager
    def daemon(self, name: str, dsn: str, environment: Mapping[str, str] | None = None) -> Iterator[str]:
        """Run a daemon on ``dsn``; yields its URL."""
        data_dir = self.folder / name
        write_secret(data_dir, self.secret)
        daemon = Daemon(data_dir, database_url=dsn, environment=environment)
        try:
            daemon.start()
            yield daemon.url
        finally:
            daemon.stop()

    @contextmanager
    def reference(self, name: str, backend: str = "") -> Iterator[str]:
        """Run ``bench.reference_<name>``; yields its URL."""
        port = free_port()
        command = [sys.executable, "-m", f"bench.reference_{name}", str(port), self.secret, backend]
        process = spawn(command, self.folder / f"{name}.log")
        try:
            wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"), f"the start of reference {name}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()  # it would wait for buyers who are long gone
            process.wait()


@contextmanager
def open_ground() -> Iterator[Ground]:
    """Start the database server, with its default durability; stop it at the end."""
    with TemporaryDirectory(prefix="leadboost-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the server's own user must get through when we are root
        postgres = EmbeddedPostgres(folder / "database", system_folder=folder / "system")
        secret = secrets.token_hex(32)
        dsn = asyncio.run(postgres.start())
        try:
            yield Ground(folder=folder, dsn=dsn, secret=secret, token=issue_token(secret))
        finally:
            asyncio.run(postgres.stop())


def pid_of(data_dir: Path) -> int:
    """Return the process id of the daemon that runs on a data folder."""
    return int(json.loads((data_dir / "daemon.json").read_text())["pid"])


def issue_token(secret: str) -> str:
    """Sign a token that may sell."""
    return Tokens(bytes.fromhex(secret), SystemClock()).issue("bench", Role.OPERATOR, TOKEN_TTL_S)


def write_secret(data_dir: Path, secret: str) -> None:
    """Give a new data folder its signing key, and that of pseudonyms: hosts of one database share both."""
    data_dir.mkdir(mode=0o711, parents=True)
    for name in ("secret.key", "author.key"):
        path = data_dir / name
        path.touch(mode=0o600)
        path.write_text(secret)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def stock_up(dsn: str, stock: Mapping[str, int], *, floor: int = 0) -> None:
    """Put products with their stock straight into a database, ours or a reference's."""
    asyncio.run(_stock_up(dsn, stock, floor))


async def _stock_up(dsn: str, stock: Mapping[str, int], floor: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO products (sku, currency, updated_at) SELECT unnest($1::text[]), 'EUR', now()",
            list(stock),
        )
        await connection.execute(
            "INSERT INTO stock (sku, on_hand, floor)"
            " SELECT sku, on_hand, $3 FROM unnest($1::text[], $2::bigint[]) AS row (sku, on_hand)",
            list(stock),
            list(stock.values()),
            floor,
        )
        await connection.execute(
            "INSERT INTO stock_moves (id, sku, kind, quantity, remaining, at, by)"
            " SELECT gen_random_uuid(), sku, 'opening', on_hand, on_hand, now(), 'bench' FROM stock"
            " WHERE sku = ANY ($1)",
            list(stock),
        )
    finally:
        await connection.close()


def take_stock(dsn: str, stock: Mapping[str, int], granted: Mapping[str, str]) -> dict[str, int]:
    """Compare the tables with what buyers were told (key to sale id); every count should be 0.

    ``oversold``: units sold beyond ``stock``. ``unsold``: units left although buyers were refused.
    ``lost``: acknowledged sales that are not in the table. ``doubled``: rows beyond one per key.
    ``untold``: keys sold and never acknowledged. ``miscounted``: units neither sold nor on hand.
    """
    return asyncio.run(_take_stock(dsn, stock, granted))


async def _take_stock(dsn: str, stock: Mapping[str, int], granted: Mapping[str, str]) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT id::text, idempotency_key AS key, sku, quantity FROM sales WHERE sku = ANY ($1)",
            list(stock),
        )
        levels = await connection.fetch("SELECT sku, on_hand FROM stock WHERE sku = ANY ($1)", list(stock))
    finally:
        await connection.close()
    sold = dict.fromkeys(stock, 0)
    for row in rows:
        sold[row["sku"]] += row["quantity"]
    left = {row["sku"]: row["on_hand"] for row in levels}
    keys = {row["key"]: row["id"] for row in rows}
    return {
        "oversold": sum(max(0, sold[sku] - stock[sku]) for sku in stock),
        "unsold": sum(left.values()),
        "lost": sum(keys.get(key) != sale_id for key, sale_id in granted.items()),
        "doubled": len(rows) - len(keys),
        "untold": len(keys.keys() - granted.keys()),
        "miscounted": sum(abs(stock[sku] - sold[sku] - left[sku]) for sku in stock),
    }
