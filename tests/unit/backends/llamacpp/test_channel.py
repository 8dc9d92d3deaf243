from __future__ import annotations

import os
import socket

import pytest

from covey.backends.llamacpp import messages
from covey.backends.llamacpp.channel import Channel
from covey.backends.llamacpp.messages import MessageFromChild, Ping, Pong
from covey.testing.eventually import eventually

pytestmark = pytest.mark.sockets


async def test_frames_travel_both_ways_and_several_messages_share_one() -> None:
    heard: list[MessageFromChild] = []
    channel = Channel(heard.append)
    child = socket.socket(fileno=os.dup(channel.child_descriptor))
    await channel.open()
    channel.send(Ping(1))
    assert messages.to_child_decoder.decode(child.recv(100)[4:]) == [Ping(1)]
    framed = messages.frame([Pong(1), Pong(2)])
    child.send(framed[:5])
    child.send(framed[5:])
    await eventually(lambda: heard == [Pong(1), Pong(2)])
    child.close()
    channel.send(Ping(2))
    await channel.close()
    await channel.close()


async def test_what_is_no_message_ends_the_listening() -> None:
    heard: list[MessageFromChild] = []
    channel = Channel(heard.append)
    child = socket.socket(fileno=os.dup(channel.child_descriptor))
    await channel.open()
    child.send(messages.LENGTH.pack(3) + b"\xc1\xc1\xc1")
    await eventually(lambda: not channel.is_open)
    assert heard == []
    child.close()
    await channel.close()


async def test_a_channel_that_was_never_opened_can_be_closed() -> None:
    await Channel(lambda _: None).close()
