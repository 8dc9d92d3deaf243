from __future__ import annotations

import datetime

import pytest

from covey.facilities.nats_delivery import Delivered
from covey.facilities.nats_record import (
    HeaderMaker,
    Subjects,
    change_delivered,
    change_stored,
    is_live,
    revision_delivered,
)
from covey.facilities.nats_stream import StoredMessage

SUBJECTS = Subjects("users")


def delivered(**headers: str) -> Delivered:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivered("$KV.users.a.b", b"v", named, 7, 100.0, 0)


def test_subjects_are_those_of_an_ordinary_bucket() -> None:
    assert SUBJECTS.stream == "KV_users"
    assert SUBJECTS.of("a.b") == "$KV.users.a.b"
    assert SUBJECTS.key("$KV.users.a.b") == "a.b"
    assert SUBJECTS.below("a") == ["$KV.users.a", "$KV.users.a.>"]
    assert SUBJECTS.below("") == ["$KV.users.>"]


def test_a_value_that_expires_replaces_its_history_so_that_nothing_comes_back() -> None:
    headers = HeaderMaker(5, 600).make(deleted=False, ttl_s=1.5, expected=3)
    assert headers["Nats-Rollup"] == "sub"
    assert headers["Nats-TTL"] == "1500ms"
    assert headers["Nats-Expected-Last-Subject-Sequence"] == "3"
    assert "Nats-Rollup" not in HeaderMaker(1, 600).make(deleted=False, ttl_s=1.5, expected=None)


def test_a_delete_marker_vanishes_by_itself_only_where_nothing_lies_under_it() -> None:
    assert HeaderMaker(1, 600).make(deleted=True, ttl_s=None, expected=None) == {
        "KV-Operation": "DEL",
        "Nats-TTL": "600s",
    }
    assert HeaderMaker(5, 600).make(deleted=True, ttl_s=None, expected=None) == {"KV-Operation": "DEL"}


@pytest.mark.parametrize(
    "headers", [{"KV_Operation": "DEL"}, {"KV_Operation": "PURGE"}, {"Nats_Marker_Reason": "MaxAge"}]
)
def test_every_kind_of_marker_is_a_delete_without_a_value(headers: dict[str, str]) -> None:
    change = change_delivered(SUBJECTS, delivered(**headers))
    assert (change.key, change.kind, change.value, change.revision) == ("a.b", "delete", b"", 7)
    assert not is_live(change, 0)


def test_a_value_is_over_at_its_time_whatever_the_server_still_holds() -> None:
    change = change_delivered(SUBJECTS, delivered(Covey_TTL_Seconds="1.5"))
    assert change.expires_at == 101.5
    assert is_live(change, 101.4)
    assert not is_live(change, 101.5)


def test_a_stored_message_reads_like_a_delivered_one() -> None:
    moment = datetime.datetime.fromtimestamp(100, datetime.UTC)
    block = b"NATS/1.0\r\nCovey-TTL-Seconds: 1.5\r\n\r\n"
    stored = StoredMessage("$KV.users.a.b", 7, moment, b"v", block)
    assert change_stored(SUBJECTS, stored) == change_delivered(SUBJECTS, delivered(Covey_TTL_Seconds="1.5"))


def test_a_revision_written_over_nothing_is_the_first() -> None:
    assert revision_delivered(SUBJECTS, delivered(Nats_Expected_Last_Subject_Sequence="0")).first
    assert not revision_delivered(SUBJECTS, delivered(Nats_Expected_Last_Subject_Sequence="6")).first
    assert not revision_delivered(SUBJECTS, delivered()).first
