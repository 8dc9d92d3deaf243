"""What a request is billed: the engine's own count where it can be true, otherwise what passed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from covey.domain.number_ranges import NumberRanges, Range
from covey.domain.request_checks import RequestSize
from covey.protocol.ids import KeyId, ModelName
from covey.protocol.inference import Usage
from covey.protocol.usage import UsageRecord, UsageTotals

_NOTHING = UsageTotals()
SLACK_TOKENS = 16
"""Tokens without text: ends of turns, markers of tool calls."""


def settle(reported: Usage | None, *, counted: int, chars: int, size: RequestSize, started: bool) -> Usage:
    """The usage to bill.

    ``counted`` are the tokens and ``chars`` the characters that passed. An engine's count is believed when it is at
    least what passed and no more than one token per character; otherwise what
    was counted holds, and the result is marked as estimated. A request that never got a slot costs nothing.
    """
    if reported is None:
        if not started:
            return Usage()
        return Usage(prompt_tokens=size.estimated_tokens, completion_tokens=counted, estimated=True)
    hidden = max(0, reported.reasoning_tokens)
    completion, prompt = reported.completion_tokens, reported.prompt_tokens
    completion_true = counted <= completion <= max(counted, chars) + SLACK_TOKENS + hidden
    hidden_true = hidden <= max(0, completion)
    prompt_true = 0 < prompt <= size.most_tokens or (prompt == 0 and completion == 0 and counted == 0)
    if completion_true and hidden_true and prompt_true and 0 <= reported.cached_prompt_tokens <= prompt:
        return reported
    prompt = prompt if prompt_true else size.estimated_tokens
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion if completion_true and hidden_true else counted,
        cached_prompt_tokens=min(max(0, reported.cached_prompt_tokens), prompt),
        reasoning_tokens=hidden if completion_true and hidden_true else 0,
        estimated=True,
    )


class RollUpEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Totals of one model and key, of one user on one day, as one gateway saw them."""

    model: ModelName
    key_id: KeyId | None = None
    totals: UsageTotals
    batches: tuple[Range, ...] = ()
    """Of a row's first entry: the numbers of the batches that are in the row."""


class RollUp:
    """The totals of one user on one day by model and key. Adding is exact; what is added cannot be taken away.

    Records are added in numbered batches, each once, however often it is tried.
    """

    def __init__(self, entries: Iterable[RollUpEntry] = ()) -> None:
        """Empty, or what :meth:`entries` gave."""
        self._totals: dict[tuple[ModelName, KeyId | None], UsageTotals] = {}
        self._batches = NumberRanges()
        for entry in entries:
            self.merge(entry)
            if entry.batches:
                self._batches = NumberRanges(entry.batches)

    def add_batch(self, number: int | None, records: Iterable[UsageRecord]) -> bool:
        """Add those that were admitted; False when that batch was added before. None: it has no number."""
        if number is not None and not self._batches.add(number):
            return False
        groups: dict[tuple[ModelName, KeyId | None], list[UsageRecord]] = {}
        for record in records:
            if record.admitted:
                groups.setdefault((record.model, record.key_id), []).append(record)
        for key, group in groups.items():
            self._totals[key] = joined(self._totals.get(key, _NOTHING), totals_of(group))
        return True

    def merge(self, entry: RollUpEntry) -> None:
        key = (entry.model, entry.key_id)
        self._totals[key] = joined(self._totals.get(key, _NOTHING), entry.totals)

    def entries(self) -> tuple[RollUpEntry, ...]:
        batches = self._batches.ranges()
        return tuple(
            RollUpEntry(model=model, key_id=key_id, totals=totals, batches=() if place else batches)
            for place, ((model, key_id), totals) in enumerate(self._totals.items())
        )


def totals_of(records: Sequence[UsageRecord]) -> UsageTotals:
    outcomes = [record.outcome for record in records]
    return UsageTotals(
        requests=len(records),
        prompt_tokens=sum([record.prompt_tokens for record in records]),
        completion_tokens=sum([record.completion_tokens for record in records]),
        failed=outcomes.count("failed"),
        cancelled=outcomes.count("cancelled"),
    )


def joined(one: UsageTotals, other: UsageTotals) -> UsageTotals:
    return UsageTotals(
        requests=one.requests + other.requests,
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
        failed=one.failed + other.failed,
        cancelled=one.cancelled + other.cancelled,
    )


def summed(totals: Iterable[UsageTotals]) -> UsageTotals:
    result = UsageTotals()
    for each in totals:
        result = joined(result, each)
    return result


def by_model_and_key(
    entries: Iterable[RollUpEntry],
) -> Mapping[tuple[ModelName, KeyId | None], UsageTotals]:
    """The entries of several gateways as one table."""
    table: dict[tuple[ModelName, KeyId | None], UsageTotals] = {}
    for entry in entries:
        key = (entry.model, entry.key_id)
        table[key] = joined(table.get(key, UsageTotals()), entry.totals)
    return table
