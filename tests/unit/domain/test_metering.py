from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from covey.domain.metering import RollUp, RollUpEntry, by_model_and_key, settle, summed
from covey.domain.request_checks import RequestSize
from covey.protocol.ids import KeyId, ModelName, RequestId, UserId
from covey.protocol.inference import Usage
from covey.protocol.usage import UsageRecord, UsageTotals

SIZE = RequestSize(40, 0, 1)


def billed(reported: Usage | None, *, counted: int = 500, chars: int = 2000, started: bool = True) -> Usage:
    return settle(reported, counted=counted, chars=chars, size=SIZE, started=started)


def test_an_engine_that_tells_the_truth_is_believed_to_the_letter() -> None:
    told = Usage(prompt_tokens=12, completion_tokens=501, cached_prompt_tokens=4)
    assert billed(told) is told


@pytest.mark.parametrize("lie", [1, 0, -5, 499, 500_000, 2**62])
def test_d14_a_count_that_cannot_be_is_replaced_by_what_passed(lie: int) -> None:
    usage = billed(Usage(prompt_tokens=12, completion_tokens=lie))
    assert usage.completion_tokens == 500
    assert usage.estimated


@pytest.mark.parametrize("lie", [-1, 0, 10_000_000])
def test_d14_a_prompt_count_that_cannot_be_is_estimated(lie: int) -> None:
    usage = billed(Usage(prompt_tokens=lie, completion_tokens=500))
    assert usage.prompt_tokens == SIZE.estimated_tokens
    assert usage.estimated


def test_an_answer_that_was_cut_short_costs_what_passed() -> None:
    usage = billed(None)
    assert usage.completion_tokens == 500
    assert usage.prompt_tokens > 0
    assert usage.estimated


def test_a_request_that_never_got_a_slot_costs_nothing() -> None:
    assert billed(None, counted=0, chars=0, started=False) == Usage()


@given(some.builds(Usage, *[], prompt_tokens=some.integers(-9, 9**9), completion_tokens=some.integers(-9, 9**9),
                   cached_prompt_tokens=some.integers(-9, 9**9), reasoning_tokens=some.integers(-9, 9**9)))  # fmt: skip
def test_d14_whatever_is_reported_the_bill_is_never_below_what_passed_nor_negative(reported: Usage) -> None:
    usage = billed(reported)
    assert usage.completion_tokens >= 500
    assert 0 <= usage.cached_prompt_tokens <= usage.prompt_tokens
    assert 0 <= usage.reasoning_tokens <= usage.completion_tokens


def record(model: str = "m", key: str | None = None, outcome: str = "ok") -> UsageRecord:
    return UsageRecord(
        request_id=RequestId("r"),
        user_id=UserId("u"),
        key_id=None if key is None else KeyId(key),
        model=ModelName(model),
        kind="chat",
        at=0.0,
        prompt_tokens=2,
        completion_tokens=3,
        outcome=outcome,  # type: ignore[arg-type]
    )


def test_totals_are_kept_apart_by_model_and_key_and_add_up() -> None:
    roll_up = RollUp()
    records = (record(), record(), record(key="k"), record("n", outcome="failed"), record(outcome="cancelled"))
    roll_up.add_batch(1, records[:2])
    roll_up.add_batch(2, records[2:])
    table = by_model_and_key(roll_up.entries())
    assert table[ModelName("m"), None] == UsageTotals(requests=3, prompt_tokens=6, completion_tokens=9, cancelled=1)
    assert table[ModelName("n"), None].failed == 1
    assert summed(table.values()).requests == 5


def test_what_an_earlier_run_wrote_is_added_and_not_replaced() -> None:
    roll_up = RollUp()
    roll_up.add_batch(None, [record()])
    roll_up.merge(RollUpEntry(model=ModelName("m"), totals=UsageTotals(requests=4)))
    (entry,) = roll_up.entries()
    assert entry.totals.requests == 5
