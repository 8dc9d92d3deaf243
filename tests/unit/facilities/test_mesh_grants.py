"""The harmless uses of grants; that they are harmless on a real server is in tests/attacks/test_n04_mesh_grants.py."""

from __future__ import annotations

import msgspec
import pytest

from covey.facilities.mesh_grants import example_of, nobody, purge_of_nothing
from covey.protocol.registry import InstanceInfo


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        ("rpc.auth.*", "rpc.auth.grant-check"),
        ("$KV.auth.>", "$KV.auth.grant-check"),
        ("$JS.API.STREAM.INFO.KV_auth", "$JS.API.STREAM.INFO.KV_auth"),
    ],
)
def test_example_of_a_pattern_has_no_wildcard(pattern: str, example: str) -> None:
    assert example_of(pattern) == example


@pytest.mark.parametrize(
    ("stream", "subject"), [("KV_auth", "$KV.auth.grant-check"), ("LOG_usage", "log.usage.grant-check")]
)
def test_purge_names_a_subject_that_holds_nothing(stream: str, subject: str) -> None:
    assert msgspec.json.decode(purge_of_nothing(stream)) == {"filter": subject}


def test_presence_that_is_sent_says_that_nobody_is_there() -> None:
    info = msgspec.msgpack.decode(nobody("presence.auth.grant-check"), type=InstanceInfo)
    assert (info.service, info.state) == ("auth", "stopped")
