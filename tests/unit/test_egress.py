import socket
from collections.abc import Sequence

import pytest
from yarl import URL

from leadboost.connectors.client import EgressError, EgressGuard
from leadboost.connectors.client.egress import is_public

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:c0a8:101::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
REFUSED_URLS = [
    "ftp://x.example/feed",
    "file:///etc/passwd",
    "gopher://x.example/",
    "javascript:alert(1)",
    "data:text/xml,<rss/>",
    "/feed",
    "//x.example/feed",
    "http:///feed",
    "https://user:secret@x.example/",
    "https://user@x.example/",
    "http://127.0.0.1@10.0.0.1/",
    "http://x.example:22/",
    "http://x.example:6379/",
    "http://x.example:5432/",
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "https://[::1]/",
    "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "http://１２７.０.０.１/",  # full-width digits are the payload
    "http://①②⑦.⓪.⓪.①/",
    "http://[fe80::1%25eth0]/",
]


def answering(*addresses: str) -> EgressGuard:
    async def lookup(host: str, port: int, family: socket.AddressFamily) -> Sequence[str]:
        return addresses

    return EgressGuard(allow_hosts=["feeds.internal", "cache.internal:8081"], lookup=lookup)


@pytest.mark.parametrize("address", PRIVATE)
def test_address_that_is_not_public_is_known_as_such(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_address_is_known_as_such(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_url_that_must_not_leave_is_refused_without_repeating_secrets(url: str) -> None:
    with pytest.raises(EgressError) as caught:
        answering().check(URL(url))

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://x.example/feed?a=1", "http://x.example:443/", "https://1.1.1.1/"])
def test_url_to_a_public_host_on_a_web_port_passes(url: str) -> None:
    answering().check(URL(url))


@pytest.mark.parametrize("address", PRIVATE)
async def test_name_that_resolves_to_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(EgressError, match="not a public address; add it to connectors"):
        await answering("1.1.1.1", address).resolve("rebind.example", 80)


async def test_resolved_addresses_are_pinned_as_numbers() -> None:
    answers = await answering("1.1.1.1", "2606:4700::1111").resolve("x.example", 443)

    assert [answer["host"] for answer in answers] == ["1.1.1.1", "2606:4700::1111"]
    assert [answer["family"] for answer in answers] == [socket.AF_INET, socket.AF_INET6]
    assert all(answer["flags"] & socket.AI_NUMERICHOST for answer in answers)


async def test_allowed_host_may_be_private_and_on_any_port() -> None:
    guard = answering("10.0.0.5")

    guard.check(URL("http://FEEDS.internal.:9999/"))
    assert await guard.resolve("feeds.internal", 9999)


async def test_host_allowed_on_one_port_is_refused_on_others() -> None:
    guard = answering("10.0.0.5")

    guard.check(URL("http://cache.internal:8081/"))
    with pytest.raises(EgressError):
        guard.check(URL("http://cache.internal:8082/"))
    with pytest.raises(EgressError):
        await guard.resolve("cache.internal", 80)
