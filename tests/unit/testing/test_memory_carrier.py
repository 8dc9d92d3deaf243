from __future__ import annotations

import pytest

from covey.errors import PayloadTooLarge, PeerUnavailable
from covey.rpc.carrier import HEADER_STATUS, STATUS_NOBODY, Carrier
from covey.testing.memory_carrier import MAX_PAYLOAD_BYTES, MemoryHub


@pytest.mark.parametrize(
    ("subject", "hears"),
    [
        ("a.b", True),
        ("a.*", True),
        ("*.b", True),
        ("a.>", True),
        (">", True),
        ("a", False),
        ("a.b.c", False),
        ("a.b.>", False),
        ("*", False),
        ("a.c", False),
    ],
)
async def test_wildcards_stand_for_what_they_do_on_the_real_one(subject: str, hears: bool) -> None:
    hub = MemoryHub()
    carrier: Carrier = hub.carrier("_INBOX_x.x")
    heard: list[bytes] = []
    await carrier.subscribe(subject, lambda _, payload, headers, reply: heard.append(payload))
    carrier.publish("a.b", b"!")
    await carrier.flush()
    assert heard == ([b"!"] if hears else [])


async def test_a_queue_shares_and_plain_listeners_do_not() -> None:
    hub = MemoryHub()
    carrier = hub.carrier("_INBOX_x.x")
    heard: dict[str, int] = {"one": 0, "two": 0, "plain": 0}

    for name, queue in (("one", "q"), ("two", "q"), ("plain", "")):

        def count(*_: object, name: str = name) -> None:
            heard[name] += 1

        await carrier.subscribe("a", count, queue=queue)
    for _ in range(10):
        carrier.publish("a", b"")
    await carrier.flush()
    assert heard == {"one": 5, "two": 5, "plain": 10}


async def test_nobody_there_is_answered_like_the_real_one_does() -> None:
    hub = MemoryHub()
    carrier = hub.carrier("_INBOX_x.x")
    answers: list[dict[str, str]] = []
    await carrier.subscribe("_INBOX_x.x.*", lambda _, payload, headers, reply: answers.append(dict(headers)))
    carrier.publish("nowhere", b"", reply="_INBOX_x.x.1")
    await carrier.flush()
    assert answers == [{HEADER_STATUS: STATUS_NOBODY}]


async def test_a_disconnected_carrier_neither_sends_nor_hears() -> None:
    hub = MemoryHub()
    away, here = hub.carrier("_INBOX_x.x"), hub.carrier("_INBOX_y.y")
    heard: list[bytes] = []
    await away.subscribe("a", lambda _, payload, headers, reply: heard.append(payload))
    away.disconnect()
    here.publish("a", b"missed")
    with pytest.raises(PeerUnavailable):
        away.publish("a", b"refused")
    with pytest.raises(PeerUnavailable):
        await away.flush()
    await here.flush()
    await away.reconnect()
    here.publish("a", b"heard")
    await here.flush()
    assert heard == [b"heard"]


async def test_too_large_is_refused() -> None:
    with pytest.raises(PayloadTooLarge):
        MemoryHub().carrier("_INBOX_x.x").publish("a", b"x" * (MAX_PAYLOAD_BYTES + 1))
