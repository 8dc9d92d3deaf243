"""Which slot of the native server a prompt goes to, so that nobody gains from what was computed for somebody else.

A slot keeps what it computed for its last prompt, and the next one that begins alike starts from there. The answer then
comes sooner and says how many tokens were kept, which tells whoever asks what somebody else has asked. So a slot counts
as its asker's, and a prompt starts afresh in all but its own asker's slots.
"""

from __future__ import annotations

from dataclasses import dataclass

from covey.backends.llamacpp.config import PromptCache

LEAST_SHARED_PART = 0.1
"""Of a prompt; with less in common it is not worth losing what a slot holds (llama.cpp's own measure)."""
COMPARED_BYTES = 65_536
ANY_SLOT = -1


@dataclass(slots=True)
class Slot:
    number: int
    asker: str | None = None
    """Whose prompt it holds for certain; None: nobody's, or one cannot know."""
    prompt: bytes = b""
    users: int = 0
    """Requests that were sent to it and have not ended; more than one only while a cancelled one still stops."""
    turn: int = 0
    """When it was last taken; 0: never."""


class Place:
    """A slot, from being taken to being left."""

    def __init__(self, slot: Slot, asker: str, prompt: bytes, *, reuse: bool) -> None:
        self.number = slot.number
        self.reuse = reuse
        """Whether it may start from what the slot holds."""
        self._slot = slot
        self._turn = slot.turn
        self._asker = asker
        self._prompt = prompt[:COMPARED_BYTES]

    def read(self) -> None:
        """The native server was seen to work on the prompt: the slot holds it, or its beginning, and nothing else; and
        nothing else comes into it unseen, as a prompt may that was sent after this one and then cancelled."""
        if self._slot.users == 1 and self._slot.turn == self._turn:
            self._slot.asker, self._slot.prompt = self._asker, self._prompt

    def leave(self) -> None:
        self._slot.users -= 1


class PromptSlots:
    """The slots of one native server, all of whose work goes through here, as the setting ``prompt_cache`` says."""

    def __init__(self, count: int, prompt_cache: PromptCache = "account") -> None:
        self._slots = [Slot(number) for number in range(count)]
        self._prompt_cache = prompt_cache
        self._turns = 0

    def take(self, asker: str, prompt: bytes) -> Place:
        """A slot for ``prompt``, in the form in which prompts are compared: of the asker's own the one that has most
        of it, or else the one unused for longest. Where nobody's prompt is kept apart, the native server chooses."""
        if self._prompt_cache != "account":
            return Place(Slot(ANY_SLOT, users=1), asker, prompt, reuse=self._prompt_cache == "shared")
        compared = prompt[:COMPARED_BYTES]
        own = [slot for slot in self._slots if not slot.users and slot.asker == asker]
        shared, _, slot = max(
            ((shared_length(slot.prompt, compared), -slot.number, slot) for slot in own),
            key=lambda found: found[:2],
            default=(-1, 0, self._slots[0]),
        )
        if shared < LEAST_SHARED_PART * len(compared):
            slot = min(self._slots, key=lambda other: (other.users, other.turn))
        reuse = not slot.users and slot.asker == asker
        self._turns += 1
        slot.turn = self._turns
        place = Place(slot, asker, prompt, reuse=reuse)
        slot.users += 1
        slot.asker = None  # until the new prompt is seen to be there, it may be the old one or a part of either
        return place


def shared_length(one: bytes, other: bytes) -> int:
    """Bytes that both begin with."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[:middle] == other[:middle]:
            least = middle
        else:
            most = middle - 1
    return least
