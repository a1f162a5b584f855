from datetime import UTC, datetime, timedelta

import pytest

from leadboost.domain.webhook import Envelope, is_genuine, read_secret, sign

# The example of the Standard Webhooks reference libraries.
SECRET = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(1614265330, UTC)
OTHER = read_secret("whsec_cmVwbGFjZS1tZS1ieS0yNC1yYW5kb20tYnl0ZXM=")


def genuine(
    signature: str = SIGNATURE,
    *,
    id: str = ID,
    timestamp: str = TIMESTAMP,
    body: bytes = BODY,
    secrets: tuple[bytes, ...] = (SECRET,),
    late_s: float = 0,
) -> bool:
    envelope = Envelope(id=id, timestamp=timestamp, signature=signature)
    return is_genuine(envelope, body, secrets, now=NOW + timedelta(seconds=late_s))


def test_the_reference_example_is_genuine() -> None:
    assert sign(SECRET, id=ID, timestamp=TIMESTAMP, body=BODY) == SIGNATURE
    assert genuine()


def test_one_of_several_signatures_and_one_of_two_secrets_are_enough() -> None:
    assert genuine(f"v1,AAAA v1a,{SIGNATURE[3:]} {SIGNATURE}", secrets=(OTHER, SECRET))


@pytest.mark.parametrize(
    "change",
    [
        {"body": BODY + b" "},
        {"id": ID + "x"},
        {"timestamp": "1614265331"},
        {"signature": ""},
        {"signature": SIGNATURE[3:]},
        {"signature": SIGNATURE.replace("v1,", "v2,")},
        {"signature": "v1,\u00e9"},
        {"signature": "v1,\udcff"},
        {"secrets": ()},
        {"secrets": (OTHER,)},
        {"timestamp": "16142653.0"},
        {"timestamp": "\u0661\u0666"},
        {"id": ""},
        {"id": "a b"},
        {"id": "x" * 256},
    ],
    ids=str,
)
def test_anything_else_is_not(change: dict[str, object]) -> None:
    assert not genuine(**change)  # type: ignore[arg-type]  # one argument each


@pytest.mark.parametrize(("late_s", "timely"), [(300, True), (-300, True), (301, False), (-301, False)])
def test_a_message_is_good_for_five_minutes_either_way(late_s: float, timely: bool) -> None:
    assert genuine(late_s=late_s) is timely


@pytest.mark.parametrize("text", ["whsec_", "whsec_c2hvcnQ=", "c2hvcnQ=" * 8, "whsec_not base64 at all!!"])
def test_a_weak_or_unreadable_secret_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and") as caught:
        read_secret(text)

    assert text.removeprefix("whsec_") == "" or text.removeprefix("whsec_") not in str(caught.value)
