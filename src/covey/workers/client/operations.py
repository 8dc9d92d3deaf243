"""The operations of the platform API that the client worker owns; all others are the gateway's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import msgspec

from covey.domain.operation_requests import decode_request
from covey.errors import CoveyError, NotFound
from covey.protocol import conversations as protocol
from covey.protocol.auth import Identity
from covey.protocol.inference import GenerationInfo, GenerationList
from covey.protocol.operations import OPERATIONS_BY_NAME, Operate, Operation, OperationResult
from covey.rpc.context import CallContext
from covey.workers.client.attached import AttachedGenerations
from covey.workers.client.changes import Changes
from covey.workers.client.conversation_attachments import ConversationAttachments
from covey.workers.client.conversation_lists import ConversationLists
from covey.workers.client.conversations import Conversations
from covey.workers.client.gateways import Gateways
from covey.workers.client.generations import KeptGenerations
from covey.workers.client.metrics import ClientMetrics

OWNER = "client"
WATCH = "conversations.get"
"""Who may read a conversation may hear that it changed."""
Handler = Callable[[Any, Identity], Awaitable[msgspec.Struct]]
_encode = msgspec.msgpack.Encoder().encode


class ClientOperations:
    """Authorised by a gateway, carried out here."""

    def __init__(
        self,
        gateways: Gateways,
        conversations: Conversations,
        lists: ConversationLists,
        attachments: ConversationAttachments,
        changes: Changes,
        kept: KeptGenerations,
        attached: AttachedGenerations,
        metrics: ClientMetrics,
    ) -> None:
        self._gateways = gateways
        self._conversations = conversations
        self._changes = changes
        self._kept = kept
        self.attached = attached
        self._metrics = metrics

        async def preferences(_: Any, identity: Identity) -> msgspec.Struct:
            return await conversations.preferences(identity)

        self._handlers: dict[str, Handler] = {
            protocol.CREATE_CONVERSATION.name: conversations.create,
            protocol.LIST_CONVERSATIONS.name: lists.find,
            protocol.LIST_FOLDERS.name: lists.folders,
            protocol.GET_CONVERSATION.name: conversations.get,
            protocol.UPDATE_CONVERSATION.name: conversations.update,
            protocol.DELETE_CONVERSATION.name: conversations.delete,
            protocol.DELETE_CONVERSATIONS.name: conversations.delete_all,
            protocol.APPEND_MESSAGE.name: conversations.append,
            protocol.DELETE_BRANCH.name: conversations.delete_branch,
            protocol.FORK_CONVERSATION.name: conversations.fork,
            protocol.ADD_ATTACHMENT.name: attachments.add,
            protocol.GET_ATTACHMENT.name: attachments.get,
            protocol.GET_PREFERENCES.name: preferences,
            protocol.SET_PREFERENCES.name: conversations.set_preferences,
            protocol.GET_GENERATION.name: self._get_generation,
        }

    async def operate(self, request: Operate, context: CallContext) -> OperationResult:
        """Raises what the operation's owner raises."""
        operation = OPERATIONS_BY_NAME.get(request.operation)
        if operation is None:
            raise NotFound("there is no such operation")
        if operation.owner != OWNER:
            return await self._gateways.operate(request, context)
        try:
            identity = await self._gateways.authorize(request.credential or "", operation.name, context)
            answer = await self._answer(operation, request, identity, context)
        except CoveyError as error:
            self._metrics.operation(operation.name, error.code)
            raise
        self._metrics.operation(operation.name, "ok")
        return OperationResult(body=_encode(answer))

    async def watch(
        self, request: protocol.WatchConversations, context: CallContext
    ) -> AsyncGenerator[protocol.WatchEvent, None]:
        """Raises NotFound for a conversation that is not the caller's."""

        async def recheck() -> None:
            await self._gateways.authorize(request.credential, WATCH, context)

        identity = await self._gateways.authorize(request.credential, WATCH, context)
        if request.conversation_id is not None:
            await self._conversations.check(identity, request.conversation_id)
        async with aclosing(self._changes.watch(identity.user_id, request.conversation_id, recheck)) as events:
            async for event in events:
                yield event

    async def _answer(
        self, operation: Operation, request: Operate, identity: Identity, context: CallContext
    ) -> msgspec.Struct:
        asked = decode_request(operation, request.body)
        if operation.endpoint is protocol.LIST_GENERATIONS:
            return await self._list_generations(identity, context)
        return await self._handlers[operation.endpoint.name](asked, identity)

    async def _list_generations(self, identity: Identity, context: CallContext) -> GenerationList:
        kept = [generation.info() for generation in self._kept.of(identity)]
        attached = await self.attached.of(identity, context)
        return GenerationList(items=tuple(sorted((*attached, *kept), key=_received, reverse=True)))

    async def _get_generation(self, request: protocol.GenerationRef, identity: Identity) -> msgspec.Struct:
        return self._kept.find(request.generation_id, identity).info()


def _received(info: GenerationInfo) -> float:
    return info.time_line.received
