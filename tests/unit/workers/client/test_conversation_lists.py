from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from covey.errors import InvalidRequest
from tests.helpers.chain import Chain, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        yield running


@pytest.fixture
async def token(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("ada"))


async def titles(chain: Chain, token: str, **fields: Any) -> list[str]:
    return [info.title for info in (await chain.operate("conversations.list", token, **fields)).items]


def message(message_id: str, text: str, parent: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"id": message_id, "message": {"role": "user", "content": text}, "created_at": 1.0}
    return made if parent is None else {**made, "parent_id": parent}


async def test_lists_are_filtered_by_folder_and_pin(chain: Chain, token: str) -> None:
    for title, folder, pinned in (("a", "", True), ("b", "work", False), ("c", "work", True)):
        await chain.operate("conversations.create", token, title=title, folder=folder, pinned=pinned)
    assert await titles(chain, token, folder="work") == ["c", "b"]
    assert await titles(chain, token, folder="") == ["a"]
    assert await titles(chain, token, pinned=True) == ["c", "a"]
    assert await titles(chain, token, pinned=False, folder="work") == ["b"]


async def test_folders_are_listed_by_name_with_their_sizes(chain: Chain, token: str) -> None:
    for folder in ("Work", "", "art", "Work"):
        await chain.operate("conversations.create", token, folder=folder)
    found = (await chain.operate("conversations.folders", token)).items
    assert [(each.name, each.conversation_count) for each in found] == [("art", 1), ("Work", 2)]


async def test_a_search_shows_where_the_words_are(chain: Chain, token: str) -> None:
    text = "something long before it " * 10 + "the NEEDLE is here " + "and much after it " * 10
    by_text = await chain.operate("conversations.create", token, title="hay", messages=[message("m1", text)])
    by_title = await chain.operate("conversations.create", token, title="a needle in a title")
    found = await chain.operate("conversations.list", token, search="Needle")
    assert [info.id for info in found.items] == [by_title.info.id, by_text.info.id]
    match = found.matches[by_text.info.id]
    assert match.message_id == "m1"
    assert "NEEDLE is here" in match.snippet
    assert len(match.snippet) <= 160
    assert found.matches[by_title.info.id].message_id is None
    assert (await chain.operate("conversations.list", token)).matches == {}


async def test_searches_are_paged(chain: Chain, token: str) -> None:
    for number in range(5):
        await chain.operate("conversations.create", token, title=f"word {number}")
    first = await chain.operate("conversations.list", token, search="word", limit=2)
    second = await chain.operate("conversations.list", token, search="word", limit=2, cursor=first.next)
    third = await chain.operate("conversations.list", token, search="word", limit=2, cursor=second.next)
    seen = [info.title for page in (first, second, third) for info in page.items]
    assert seen == [f"word {number}" for number in (4, 3, 2, 1, 0)]
    assert third.next is None
    assert len(second.matches) == 2


async def test_what_is_kept_in_memory_is_never_stale(chain: Chain, token: str) -> None:
    made = await chain.operate("conversations.create", token, title="first")
    assert await titles(chain, token) == ["first"]
    assert await titles(chain, token, search="secret") == []
    wanted: dict[str, Any] = {"conversation_id": made.info.id}
    await chain.operate("conversations.append", token, **wanted, message={"role": "user", "content": "a secret"})
    assert await titles(chain, token, search="secret") == ["first"]
    await chain.operate("conversations.update", token, **wanted, title="second")
    assert await titles(chain, token) == ["second"]
    await chain.operate("conversations.delete", token, **wanted)
    assert await titles(chain, token, search="secret") == []
    assert await titles(chain, token) == []


async def test_a_list_that_did_not_change_is_not_read_again(chain: Chain, token: str) -> None:
    await chain.operate("conversations.create", token, title="first")
    await titles(chain, token, search="x")
    bucket = await chain.store.bucket("client")
    read: list[str] = []
    real = type(bucket).range

    async def counted(self: Any, prefix: str = "", **fields: Any) -> Any:
        read.append(prefix)
        return await real(self, prefix, **fields)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(bucket), "range", counted)
        await titles(chain, token, search="x")
        await titles(chain, token)
    assert read == []


async def test_too_many_words_are_refused(chain: Chain, token: str) -> None:
    with pytest.raises(InvalidRequest):
        await titles(chain, token, search=" ".join("abcdefghijklmnopqrstu"))


async def test_memory_for_searches_is_bounded(tmp_path: Path) -> None:
    async with running_chain(tmp_path, client={"search_cache_bytes": 100}) as chain:
        token = chain.records.token(await chain.records.user("ada"))
        await chain.operate("conversations.create", token, title="word", messages=[message("m", "text " * 100)])
        for _ in range(2):
            assert await titles(chain, token, search="text word") == ["word"]
