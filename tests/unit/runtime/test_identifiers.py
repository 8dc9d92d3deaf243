from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.protocol import subjects
from covey.runtime.identifiers import _Ticks, mint, mint_instance


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
    assert subjects.presence("processor", instance) == f"presence.processor.east.{instance}"


@given(st.lists(st.integers(min_value=1_600_000_000_000_000_000, max_value=3_000_000_000_000_000_000), max_size=60))
def test_ids_sort_as_they_were_minted_whatever_the_clock_says(readings_ns: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        remaining = iter(readings_ns)
        patch.setattr(time, "time_ns", lambda: next(remaining))
        patch.setattr("covey.runtime.identifiers._ticks", _Ticks())
        made = [mint("x") for _ in readings_ns]
    assert made == sorted(set(made))
    assert {len(found) for found in made} <= {26}


@given(
    st.integers(min_value=1_600_000_000_000_000_000, max_value=3_000_000_000_000_000_000),
    st.integers(min_value=4096, max_value=10**17),
)
def test_ids_of_processes_sort_by_their_clocks(first_ns: int, later_ns: int) -> None:
    made = []
    for reading_ns in (first_ns, first_ns + later_ns):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "time_ns", lambda reading_ns=reading_ns: reading_ns)
            patch.setattr("covey.runtime.identifiers._ticks", _Ticks())
            made.append(mint("x"))
    assert made == sorted(set(made))


def test_a_later_id_is_larger_in_every_thread() -> None:
    made: list[list[str]] = [[] for _ in range(4)]
    begin = threading.Barrier(4)

    def run(own: list[str]) -> None:
        begin.wait()
        own.extend(mint("x") for _ in range(2000))

    threads = [threading.Thread(target=run, args=(own,)) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(own == sorted(own) for own in made)
    stamps = {found[2:12] for own in made for found in own}
    assert len(stamps) == 8000


def test_instances_sort_as_they_were_minted() -> None:
    made = [mint_instance("gateway") for _ in range(200)]
    assert made == sorted(set(made))
