"""The egress guard: where requests may go (server-side request forgery, ASVS 5.0 item 1.3.6).

Names are resolved once, every address is checked, and the connection is made to exactly the checked
addresses, so a name that changes its answer between check and use gains nothing.
"""

import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from leadboost.connectors.client.aside import run_aside

_PORTS = frozenset({80, 443})
_NAT64 = ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ip_network("2000::/3")
_REFUSED = (
    ip_network("192.0.0.0/24"),  # protocol assignments; one cloud's metadata service among them
    ip_network("192.88.99.0/24"),  # relays of tunnels
    ip_network("168.63.129.16/32"),  # another cloud's metadata service, on a public address
)

Lookup = Callable[[str, int, socket.AddressFamily], Awaitable[Sequence[str]]]


class EgressError(Exception):
    """The address may not be asked; the text says why and what to do."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is a public unicast one.

    False for private, loopback, link-local, metadata, carrier-grade NAT, multicast, reserved and
    documentation ranges, and for IPv6 forms that carry such an IPv4 address.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = _embedded(ip)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _REFUSED)


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


async def _system_lookup(host: str, port: int, family: socket.AddressFamily) -> Sequence[str]:
    # Not the loop's own getaddrinfo: its few threads are shared, and names that do not answer hold them.
    infos = await run_aside(partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM))
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


class EgressGuard(AbstractResolver):
    """Checks addresses, and resolves names for the connector.

    ``allow_hosts`` lists hosts, or ``host:port``, that are trusted to be private or on odd ports.
    """

    def __init__(self, *, allow_hosts: Collection[str] = (), lookup: Lookup = _system_lookup) -> None:
        self._allowed = frozenset(host.lower() for host in allow_hosts)
        self._lookup = lookup

    def check(self, url: URL) -> None:
        """Raise EgressError unless ``url`` is plain http(s) to a host and port that may be asked.

        The host is the one the connector will use, after IDNA mapping: full-width digits are digits.
        """
        host, port = url.raw_host, url.port
        if url.scheme not in ("http", "https") or not host or not port:
            raise EgressError("is not an http:// or https:// address")
        if url.user is not None or url.password is not None:
            raise EgressError("carries a user name or password; take it out of the address")
        if self._is_allowed(host, port):
            return
        if port not in _PORTS:
            raise EgressError(
                f"uses port {port}; add {host}:{port} to connectors.allow_hosts if that is meant"
            )
        if _is_literal(host):
            self._refuse_private(host, host)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve once and return checked addresses only. Raises EgressError, OSError."""
        addresses = await self._lookup(host, port, family)
        if not self._is_allowed(host, port):
            for address in addresses:
                self._refuse_private(host, address)
        return [_pinned(host, port, address) for address in addresses]

    async def close(self) -> None:
        """Nothing is held."""

    def _is_allowed(self, host: str, port: int) -> bool:
        name = host.lower().rstrip(".")
        return name in self._allowed or f"{name}:{port}" in self._allowed

    def _refuse_private(self, host: str, address: str) -> None:
        if not is_public(address):
            raise EgressError(
                f"{host} is not a public address; add it to connectors.allow_hosts if that is meant"
            )


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _pinned(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
