"""What lists and searches read: kept in memory as long as the store says that nothing has changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import msgspec

from covey.domain.conversation_search import SearchText
from covey.domain.conversation_tree import text_of
from covey.protocol.conversations import ConversationInfo
from covey.protocol.ids import ConversationId, UserId
from covey.workers.client.conversation_store import ConversationStore

INFO_BYTES = 500
TEXT_BYTES = 250
"""What an entry costs besides its text."""


class _Infos(msgspec.Struct, frozen=True):
    revision: int
    items: Sequence[ConversationInfo]
    size_bytes: int


class _Texts(msgspec.Struct, frozen=True):
    revision: int
    items: Mapping[ConversationId, Sequence[SearchText]]
    size_bytes: int


class ConversationIndex:
    """One question to the store tells whether what is here is still true: it is never stale, only absent."""

    def __init__(self, store: ConversationStore, *, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._kept: OrderedDict[tuple[str, UserId], _Infos | _Texts] = OrderedDict()
        self.size_bytes = 0

    async def infos(self, user_id: UserId) -> Sequence[ConversationInfo]:
        """Newest first."""
        # Before it is read: what is written meanwhile makes a higher revision, and so another reading.
        revision = await self._store.revision(user_id)
        kept = self._kept.get(("infos", user_id))
        if isinstance(kept, _Infos) and kept.revision == revision:
            self._kept.move_to_end(("infos", user_id))
            return kept.items
        items = sorted(await self._store.all_infos(user_id), key=order, reverse=True)
        self._keep("infos", user_id, _Infos(revision, items, INFO_BYTES * len(items)))
        return items

    async def texts(self, user_id: UserId) -> Mapping[ConversationId, Sequence[SearchText]]:
        """The words of every message, oldest first."""
        revision = await self._store.messages_revision(user_id)
        kept = self._kept.get(("texts", user_id))
        if isinstance(kept, _Texts) and kept.revision == revision:
            self._kept.move_to_end(("texts", user_id))
            return kept.items
        found: dict[ConversationId, list[tuple[float, SearchText]]] = {}
        size_bytes = 0
        async for conversation_id, message in self._store.all_messages(user_id):
            text = text_of(message.message)
            if text:
                entry = (message.created_at, SearchText(message.id, text))
                found.setdefault(conversation_id, []).append(entry)
                size_bytes += TEXT_BYTES + 2 * len(text)
        items = {
            conversation_id: [text for _, text in sorted(entries, key=lambda entry: entry[0])]
            for conversation_id, entries in found.items()
        }
        self._keep("texts", user_id, _Texts(revision, items, size_bytes))
        return items

    def _keep(self, kind: str, user_id: UserId, entry: _Infos | _Texts) -> None:
        before = self._kept.pop((kind, user_id), None)
        self.size_bytes += entry.size_bytes - (0 if before is None else before.size_bytes)
        self._kept[kind, user_id] = entry
        while self.size_bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self.size_bytes -= oldest.size_bytes


def order(info: ConversationInfo) -> tuple[str, str]:
    """Later changes are greater."""
    return f"{info.updated_at:020.6f}", info.id
