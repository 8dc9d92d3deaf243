"""Which conversations a person has: pages, folders and searches."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from covey.domain.conversation_search import MOST_WORDS, find_words
from covey.errors import InvalidRequest
from covey.protocol.auth import Identity
from covey.protocol.conversations import (
    ConversationInfo,
    ConversationList,
    Folder,
    FolderList,
    ListConversations,
    SearchMatch,
)
from covey.protocol.ids import ConversationId
from covey.workers.client.conversation_index import ConversationIndex, order

_CURSOR = re.compile(r"([0-9]{1,13}(?:\.[0-9]{1,9})?)~([A-Za-z0-9_-]{1,64})\Z")
SEARCHED_AT_ONCE = 20
"""Conversations; then others have a turn."""


class ConversationLists:
    """The caller sees its own and nothing else."""

    def __init__(self, index: ConversationIndex) -> None:
        self._index = index

    async def find(self, request: ListConversations, identity: Identity) -> ConversationList:
        """A page, newest first."""
        if not 1 <= request.limit <= 200:
            raise InvalidRequest("limit is 1 to 200", param="limit")
        words = (request.search or "").casefold().split()
        if len(words) > MOST_WORDS:
            raise InvalidRequest(f"at most {MOST_WORDS} words are searched for", param="search")
        position = None if request.cursor is None else _position(request.cursor)
        infos = [
            info
            for info in await self._index.infos(identity.user_id)
            if _wanted(info, request) and (position is None or order(info) < position)
        ]
        matches: dict[ConversationId, SearchMatch] = {}
        if words:
            infos, matches = await self._search(infos, words, identity, request.limit)
        page = infos[: request.limit]
        following = f"{page[-1].updated_at:.6f}~{page[-1].id}" if len(infos) > len(page) else None
        shown = {info.id: matches[info.id] for info in page} if words else {}
        return ConversationList(items=tuple(page), next=following, matches=shown)

    async def folders(self, _: Any, identity: Identity) -> FolderList:
        counts = Counter(info.folder for info in await self._index.infos(identity.user_id) if info.folder)
        names = sorted(counts, key=lambda name: (name.casefold(), name))
        return FolderList(items=tuple(Folder(name=name, conversation_count=counts[name]) for name in names))

    async def _search(
        self, infos: Sequence[ConversationInfo], words: Sequence[str], identity: Identity, limit: int
    ) -> tuple[list[ConversationInfo], dict[ConversationId, SearchMatch]]:
        """Those that match, one more than ``limit`` at most."""
        texts = await self._index.texts(identity.user_id)
        found: list[ConversationInfo] = []
        matches: dict[ConversationId, SearchMatch] = {}
        for number, info in enumerate(infos):
            if number % SEARCHED_AT_ONCE == SEARCHED_AT_ONCE - 1:
                await asyncio.sleep(0)
            match = find_words(words, info.title, texts.get(info.id, ()))
            if match is not None:
                found.append(info)
                matches[info.id] = SearchMatch(message_id=match.message_id, snippet=match.snippet)
                if len(found) > limit:
                    break
        return found, matches


def _wanted(info: ConversationInfo, request: ListConversations) -> bool:
    return (request.folder is None or info.folder == request.folder) and (
        request.pinned is None or info.pinned == request.pinned
    )


def _position(cursor: str) -> tuple[str, str]:
    match = _CURSOR.match(cursor)
    if match is None:
        raise InvalidRequest("this is no cursor of the conversations", param="cursor")
    return f"{float(match[1]):020.6f}", match[2]
