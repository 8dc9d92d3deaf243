"""Client worker, gateway and engine in one process: an answer all the way through."""

from __future__ import annotations

from pathlib import Path

from covey.backends.sample import answer_of
from covey.protocol.inference import Delta, Finished, Started
from tests.helpers.chain import chat, running_chain


async def test_an_answer_passes_through_the_chain_unchanged(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor()
        user = await chain.records.user("ada")
        key = await chain.records.key(user)
        events = await chain.answer(key, "how are you")
        assert [type(event) for event in events] == [Started] + [Delta] * 8 + [Finished]
        text = "".join(event.text for event in events if isinstance(event, Delta))
        assert text == answer_of(chat(key, "how are you").generate, 8)
