"""What ``covey join`` refuses before it asks anybody. The rest is in tests/end_to_end."""

from __future__ import annotations

import time
from pathlib import Path

from covey.domain.join_tokens import JoinToken, encode
from tests.helpers.command_line import covey


def token(lasts_s: float) -> str:
    return encode(
        JoinToken(addresses=("127.0.0.1:1",), pin=b"p" * 32, secret=b"s" * 32, expires_at=int(time.time() + lasts_s))
    )


def test_what_is_no_invitation_is_refused(tmp_path: Path) -> None:
    ended = covey("join", "sk-covey-x", "--data-dir", str(tmp_path / "data"), folder=tmp_path)
    assert (ended.code, "this is no invitation" in ended.err) == (1, True)


def test_a_token_may_come_from_standard_input(tmp_path: Path) -> None:
    ended = covey("join", "-", "--data-dir", str(tmp_path / "data"), folder=tmp_path, stdin=token(-5) + "\n")
    assert (ended.code, "has expired" in ended.err) == (1, True)
    assert not (tmp_path / "data").exists()


def test_the_directory_of_a_node_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mesh").mkdir()
    (tmp_path / "mesh" / "nats.conf").write_text("")
    ended = covey("join", token(60), "--data-dir", str(tmp_path), folder=tmp_path)
    assert (ended.code, "a mesh of its own" in ended.err) == (1, True)
