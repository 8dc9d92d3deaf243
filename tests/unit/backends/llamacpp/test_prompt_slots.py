"""The book of slots: nobody starts from what somebody else's prompt left behind."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.backends.llamacpp.config import PromptCache
from covey.backends.llamacpp.prompt_slots import Place, PromptSlots, shared_length


def ask(slots: PromptSlots, asker: str, prompt: bytes) -> Place:
    """A request from beginning to end."""
    place = slots.take(asker, prompt)
    place.read()
    place.leave()
    return place


def test_d12_a_prompt_starts_from_its_own_askers_only() -> None:
    slots = PromptSlots(1)
    assert not ask(slots, "robin", b"the sea").reuse
    assert ask(slots, "robin", b"the sea and the wind").reuse
    assert not ask(slots, "kim", b"the sea and the wind").reuse
    assert not ask(slots, "robin", b"the sea and the wind").reuse
    assert ask(slots, "robin", b"the sea and the wind").reuse


def test_a_prompt_goes_where_most_of_it_is() -> None:
    slots = PromptSlots(3)
    sea, tree = ask(slots, "robin", b"a" * 50 + b" of the sea"), ask(slots, "robin", b"tell me of trees")
    assert sea.number != tree.number
    assert ask(slots, "robin", b"a" * 50 + b" of the sea, and of its fish").number == sea.number
    assert ask(slots, "robin", b"tell me of trees, and of birds").number == tree.number


def test_a_prompt_with_little_in_common_takes_the_slot_unused_for_longest() -> None:
    slots = PromptSlots(2)
    first = ask(slots, "robin", b"one " * 20)
    second = ask(slots, "robin", b"two " * 20)
    ask(slots, "robin", b"one " * 21)
    assert {first.number, second.number} == {0, 1}
    assert ask(slots, "kim", b"three").number == second.number


def test_running_requests_have_slots_of_their_own_as_long_as_there_are_some() -> None:
    slots = PromptSlots(2)
    ask(slots, "robin", b"the sea")
    places = [slots.take("robin", b"the sea") for _ in range(3)]
    assert {place.number for place in places[:2]} == {0, 1}
    assert [place.reuse for place in places] == [True, False, False]


def test_d12_a_slot_that_was_taken_and_perhaps_not_used_is_nobodys() -> None:
    slots = PromptSlots(1)
    ask(slots, "robin", b"the sea")
    slots.take("kim", b"the wind").leave()  # cancelled before it was seen to begin: the slot may still hold the sea
    assert not slots.take("kim", b"the sea").reuse


def test_d12_while_another_prompt_waits_for_the_slot_it_is_nobodys() -> None:
    slots = PromptSlots(1)
    running, waiting = slots.take("robin", b"the sea"), slots.take("kim", b"the wind")
    running.read()
    running.leave()
    waiting.leave()  # whether it began before it was cancelled cannot be known
    assert not slots.take("robin", b"the sea").reuse


def test_d12_a_prompt_that_was_cancelled_while_it_waited_may_have_begun_all_the_same() -> None:
    slots = PromptSlots(1)
    running = slots.take("robin", b"the sea")
    slots.take("kim", b"the wind").leave()  # the native server may look at it before it hears of that
    running.read()
    running.leave()
    assert not slots.take("robin", b"the sea").reuse


@pytest.mark.parametrize(("prompt_cache", "reuse"), [("shared", True), ("off", False)])
def test_the_native_server_chooses_where_prompts_are_not_kept_apart(prompt_cache: PromptCache, *, reuse: bool) -> None:
    slots = PromptSlots(2, prompt_cache)
    for asker in ("robin", "kim"):
        place = ask(slots, asker, b"the sea")
        assert (place.number, place.reuse) == (-1, reuse)


@dataclass
class NativeSlot:
    """What the native server does: works off its queue in order, and keeps the last prompt that it began."""

    holds: str | None = None
    queue: list[tuple[Place, str]] = field(default_factory=list)
    begun: bool = False
    """Whether the first of the queue has begun."""


@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_d12_whatever_happens_nobody_starts_from_anothers_prompt(chance: random.Random, count: int) -> None:
    slots, native = PromptSlots(count), [NativeSlot() for _ in range(count)]
    open_places: list[Place] = []
    for _ in range(60):
        step = chance.choice(("ask", "begin", "see", "end", "cancel"))
        if step == "ask":
            asker = chance.choice(("robin", "kim", "alex"))
            place = slots.take(asker, chance.choice((b"the sea", b"the sea and more", b"wind")))
            native[place.number].queue.append((place, asker))
            open_places.append(place)
        waiting = [slot for slot in native if slot.queue]
        if not waiting:
            continue
        slot = chance.choice(waiting)
        place, asker = slot.queue[0]
        if step == "begin" and not slot.begun:
            assert not place.reuse or slot.holds == asker
            slot.holds, slot.begun = asker, True
        elif step == "see" and slot.begun and place in open_places:
            place.read()
        elif step == "end":
            slot.queue.pop(0)  # with or without having begun
            slot.begun = False
            if place in open_places:
                open_places.remove(place)
                place.leave()
        elif step == "cancel" and open_places:  # left at once; the native server finds out later
            gone = open_places.pop(chance.randrange(len(open_places)))
            gone.leave()


@pytest.mark.parametrize(("one", "other", "length"), [(b"", b"a", 0), (b"abc", b"abd", 2), (b"ab", b"abc", 2)])
def test_the_shared_beginning_is_measured(one: bytes, other: bytes, length: int) -> None:
    assert shared_length(one, other) == shared_length(other, one) == length
