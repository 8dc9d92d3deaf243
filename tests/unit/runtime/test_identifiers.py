from __future__ import annotations

from covey.protocol import subjects
from covey.runtime.identifiers import mint, mint_instance


def test_ids_are_distinct_and_fit_into_a_subject() -> None:
    made = {mint("req") for _ in range(1000)}
    assert len(made) == 1000
    assert all(subjects.token(found) == found for found in made)


def test_instance_without_scope_is_addressed_by_its_id_alone() -> None:
    instance = mint_instance("gateway")
    assert subjects.scope_of(instance) is None
    assert subjects.rpc_to("gateway.generate", instance) == f"rpc-to.gateway.{instance}.generate"


def test_scope_of_an_instance_is_a_token_of_its_own_in_directed_subjects() -> None:
    instance = mint_instance("processor", "east")
    assert subjects.scope_of(instance) == "east"
    assert subjects.rpc_to("processor.generate", instance) == f"rpc-to.processor.east.{instance}.generate"
    assert subjects.stream_control("processor", instance, "s") == f"ctl.processor.east.{instance}.s"
    assert subjects.inbox_prefix("processor", instance) == f"_INBOX_processor.east.{instance}"
    assert subjects.presence("processor", instance) == f"presence.processor.{instance}"
