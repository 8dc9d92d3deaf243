from __future__ import annotations

import pytest

from covey.protocol import subjects
from covey.protocol.ids import InstanceId
from covey.rpc.inbox import Inbox, sender_of
from covey.testing.memory_carrier import MemoryHub


async def test_answers_reach_the_one_who_asked() -> None:
    hub = MemoryHub()
    carrier = hub.carrier("_INBOX_client.client-1")
    inbox = Inbox(carrier)
    await inbox.start()
    await inbox.start()
    got: dict[str, list[bytes]] = {"one": [], "two": []}
    one = inbox.open(lambda body, _: got["one"].append(body), "gateway")
    two = inbox.open(lambda body, _: got["two"].append(body), "gateway")
    carrier.publish(inbox.address(one), b"1")
    carrier.publish(inbox.address(two), b"2")
    carrier.publish(inbox.address(two) + "0", b"a guess")
    await carrier.flush()
    address = inbox.address(one)
    inbox.close(one)
    carrier.publish(address, b"too late")
    await carrier.flush()
    assert got == {"one": [b"1"], "two": [b"2"]}
    await inbox.stop()
    assert hub.subscriptions == []


async def test_an_instance_with_a_scope_answers_below_it_and_nobody_else_does() -> None:
    hub = MemoryHub()
    carrier = hub.carrier("_INBOX_gateway.gateway-1")
    inbox = Inbox(carrier)
    await inbox.start()
    got: list[bytes] = []
    token = inbox.open(lambda body, _: got.append(body), "processor", InstanceId("processor-1__east"))
    prefix = "_INBOX_gateway.gateway-1"
    assert inbox.address(token) == f"{prefix}.processor.east.{token}"
    for other in ("processor.west.", "processor.", "auth.", "", "auth.east."):
        carrier.publish(f"{prefix}.{other}{token}", b"forged")
    plain = inbox.open(lambda body, _: got.append(body), "processor", InstanceId("processor-2"))
    assert inbox.address(plain) == f"{prefix}.processor.{plain}"
    for other in ("processor.east.", "auth.", ""):
        carrier.publish(f"{prefix}.{other}{plain}", b"forged")
    carrier.publish(inbox.address(token), b"asked for")
    await carrier.flush()
    assert got == [b"asked for"]
    await inbox.stop()


def test_an_address_tells_caller_token_and_number() -> None:
    inbox = Inbox(MemoryHub().carrier("_INBOX_client.client-1"))
    for number in range(1, 20):
        token = inbox.open(lambda *_: None, "gateway")
        assert subjects.token(token) == token
        assert sender_of(inbox.address(token), "gateway") == (
            f"_INBOX_client.client-1.gateway.{inbox.secret}",
            token,
            number,
        )


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "x",
        "_INBOX.a.b",
        "_INBOX_client.client-1.gateway.0123456789abcdefzz",
        "rpc.auth.login",
        "rpc.gateway.1",
        "_INBOX_client.client-1.0123456789abcdef1",
        "_INBOX_client.client-1.auth.0123456789abcdef1",
        "_INBOX_client.client-1.gateway.east.0123456789abcdef1",
    ],
)
def test_what_is_no_address_of_ours_is_not_answered(reply: str) -> None:
    assert sender_of(reply, "gateway") is None
