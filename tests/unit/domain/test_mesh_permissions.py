from __future__ import annotations

import pytest

from covey.domain.mesh_permissions import BUCKETS, CALLS, ENROLMENT, NODE, OPERATOR, OWNS, READS, ROLES, grants_of
from covey.protocol import subjects
from covey.protocol.conversations import conversation_topic
from covey.protocol.ids import UserId

WORKERS = [*subjects.SERVICES, NODE]


@pytest.mark.parametrize("role", WORKERS)
def test_no_worker_may_hear_by_a_leading_wildcard(role: str) -> None:
    for subject in grants_of(role).subscribe:
        assert subject.split(".")[0] not in ("*", ">")


@pytest.mark.parametrize("role", ROLES)
def test_requests_are_heard_in_the_queue_group_only(role: str) -> None:
    for subject in grants_of(role).subscribe:
        if subject.startswith("rpc."):
            assert subject == f"rpc.{subject.split('.')[1]}.* {subject.split('.')[1]}"


@pytest.mark.parametrize("role", WORKERS)
def test_no_worker_may_delete_snapshot_or_read_directly(role: str) -> None:
    for subject in grants_of(role).publish:
        assert not subject.startswith(("$JS.API.>", "$JS.API.STREAM.DELETE", "$JS.API.STREAM.SNAPSHOT", "$SYS"))
        assert "DIRECT" not in subject
        assert "MSG.NEXT" not in subject


def test_each_bucket_has_one_owner() -> None:
    owned = [bucket for buckets in OWNS.values() for bucket in buckets]
    assert sorted(owned) == sorted(set(owned)) == sorted(BUCKETS)
    assert set(OWNS) == set(CALLS) == set(subjects.SERVICES)
    assert READS == {"gateway": ("access",)}


def test_node_is_the_union_of_all_services() -> None:
    union = {subject for service in subjects.SERVICES for subject in grants_of(service).publish}
    assert set(grants_of(NODE).publish) == union


def test_operator_neither_calls_nor_hears_calls() -> None:
    grants = grants_of(OPERATOR)
    assert grants.subscribe == ("_INBOX_operator.>",)
    assert not [subject for subject in grants.publish if subject.startswith(("rpc", "ctl", "event"))]


def test_what_joined_has_its_scope_in_all_that_it_says_and_hears() -> None:
    grants = grants_of("processor", "east")
    assert set(grants.subscribe) == {
        "_INBOX_processor.east.>",
        "rpc-to.processor.east.*.*",
        "ctl.processor.east.*.*",
        "presence-query.processor",
    }
    assert set(grants.publish) == {
        "presence.processor.east.*",
        "_INBOX_gateway.*.processor.east.*",
        "_INBOX_node.*.processor.east.*",
    }


def test_an_invitation_lets_ask_in_one_place_and_hear_the_answer() -> None:
    grants = grants_of(ENROLMENT, "UABC")
    assert grants.publish == ("enrol.UABC",)
    assert grants.subscribe == ("_INBOX_enrolment.UABC.>",)


@pytest.mark.parametrize("role", subjects.SERVICES)
def test_a_service_answers_those_who_may_ask_it_and_below_its_own_name(role: str) -> None:
    answers = {subject for subject in grants_of(role).publish if subject.startswith("_INBOX_")}
    callers = [caller for caller in subjects.SERVICES if role in CALLS[caller]]
    expected = {f"_INBOX_{caller}.*.{role}.*" for caller in (*callers, NODE)}
    assert answers - {"_INBOX_enrolment.>"} == expected


@pytest.mark.parametrize("role", WORKERS)
def test_only_gateways_hear_of_enrolments_and_bid_farewell_to_machines(role: str) -> None:
    grants = grants_of(role)
    assert ("enrol.*" in grants.subscribe) == (role in ("gateway", NODE))
    assert ("presence.processor.*.*" in grants.publish) == (role in ("gateway", NODE))


@pytest.mark.parametrize("role", subjects.SERVICES)
def test_what_people_do_is_heard_by_client_workers_alone(role: str) -> None:
    assert ("event.client.>" in grants_of(role).subscribe) == (role == "client")
    assert conversation_topic(UserId("usr_1")).name.startswith("client.conversations.")
    assert "event.>" not in grants_of(role).subscribe
    assert "event.gateway.>" in grants_of(role).subscribe
