from uuid import UUID, uuid4

import pytest

from leadboost.domain.gate import Gate
from leadboost.domain.halt import Scope
from leadboost.domain.heard import LastHeard
from leadboost.errors import GateClosedError, InputError
from leadboost.runtime.testing import FakeClock
from tests.unit.panic_world import campaign

HALT = UUID(int=1)
ACCOUNT = "900"


class Frozen(FakeClock):
    """A clock that a test moves."""

    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


def opened() -> Gate:
    gate = Gate(["store"])
    gate.prove("store", None)
    return gate


def test_a_gate_is_closed_until_everything_is_proven() -> None:
    gate = Gate(["store", "clock"])
    gate.prove("store", None)

    assert gate.reasons() == ("clock: not proven yet",)


def test_a_proof_that_fails_closes_the_gate_again() -> None:
    gate = opened()
    gate.prove("meta_ads", "not read back: no answer yet")

    with pytest.raises(GateClosedError) as caught:
        gate.check(campaign("1"), ACCOUNT)

    assert not caught.value.halted


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        ("global", True),
        ("account:meta_ads:900", True),
        ("account:meta_ads:901", False),
        ("campaign:meta_ads:1", True),
        ("campaign:google_ads:1", False),
    ],
)
def test_a_trip_holds_what_its_scope_names(scope: str, held: bool) -> None:
    gate = opened()

    gate.trip(Scope.parse(scope))

    if held:
        with pytest.raises(GateClosedError) as caught:
            gate.check(campaign("1"), ACCOUNT)
        assert caught.value.halted
    else:
        gate.check(campaign("1"), ACCOUNT)


def test_a_halt_holds_its_campaigns_until_it_is_released() -> None:
    gate = opened()
    gate.latch(HALT, Scope.parse("sku:fan"), [campaign("1")])

    with pytest.raises(GateClosedError):
        gate.check(campaign("1"), ACCOUNT)
    gate.check(campaign("2"), ACCOUNT)
    gate.release(HALT)
    gate.check(campaign("1"), ACCOUNT)


def test_a_trip_that_became_a_halt_leaves_the_halt_behind() -> None:
    gate = opened()
    scope = Scope.parse("global")
    gate.trip(scope)

    gate.latch(HALT, scope, [])
    gate.settle(scope)

    assert gate.reasons() == ("halted",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "everything",
        "global:1",
        "sku:",
        "account:meta_ads",
        "campaign:meta_ads:",
        "sku:a\nb",
        "sku:" + "x" * 400,
    ],
)
def test_a_scope_that_is_none_says_how_to_write_one(text: str) -> None:
    with pytest.raises(InputError, match="campaign:meta_ads:"):
        Scope.parse(text)


@pytest.mark.parametrize("text", ["global", "sku:a:b c", "account:meta_ads:1", "campaign:meta_ads:1"])
def test_a_scope_reads_what_it_writes(text: str) -> None:
    assert str(Scope.parse(text)) == text


def test_within_a_reduction_nothing_raises_spend_and_outside_of_it_all_may() -> None:
    gate = opened()
    gate.reduce({Scope("sku", ("fan",)): [campaign("1")]})

    with pytest.raises(GateClosedError, match="reducing: sku:fan") as caught:
        gate.check(campaign("1"), ACCOUNT)
    gate.check(campaign("2"), ACCOUNT)

    assert not caught.value.halted
    assert gate.reducing() == (Scope("sku", ("fan",)),)


def test_a_reduction_of_everything_holds_everything_until_the_next_says_otherwise() -> None:
    gate = opened()
    gate.reduce({Scope("global"): []})

    with pytest.raises(GateClosedError):
        gate.check(campaign("1"), ACCOUNT)
    gate.reduce({})

    gate.check(campaign("1"), ACCOUNT)


def test_a_proof_that_is_asked_for_lapses_while_nothing_runs() -> None:
    clock = Frozen()
    heard, gate = LastHeard(clock), Gate(())
    gate.ask("hosts", heard.failure)
    reasons = [gate.reasons()]

    heard.note()
    reasons.append(gate.reasons())
    clock.seconds += 2.1  # as if the process had been stopped
    reasons.append(gate.reasons())

    lapsed = ("hosts: neither Redis nor the database was heard for 2 s",)
    assert reasons == [lapsed, (), lapsed]


def test_news_of_a_halt_closes_and_never_narrows_one_that_is_known() -> None:
    gate, halt_id = Gate(()), uuid4()
    gate.latch_unknown(halt_id, Scope("global"), ())
    gate.latch_unknown(halt_id, Scope("campaign", ("meta_ads", "1")), ())

    assert gate.reasons() == ("halted",)
