"""WebSocket sessions: one credential, many generations at once, each of which outlives its socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, cast

import msgspec
import structlog

from covey.bridge import json_body
from covey.bridge.addressing import HostRule, OriginRule, ProxyRule, check_path
from covey.bridge.calls import Calls
from covey.bridge.config import BridgeConfig
from covey.bridge.errors import PROBLEM_JSON, Unserved, named_error, problem_of
from covey.bridge.exchange import API_SECURITY_HEADERS, Header, ReceiveMessage, Scope, SendMessage, idempotency_key
from covey.bridge.json_objects import complete
from covey.bridge.metrics import BridgeMetrics
from covey.bridge.routes.generations import follow_generation, owner_of, start_generation
from covey.bridge.routes.platform import PREFIX
from covey.bridge.websocket_frames import (
    Cancel,
    ClientFrame,
    Follow,
    FrameError,
    Hello,
    Ping,
    Start,
    Unfollow,
    Watch,
    encode,
)
from covey.errors import (
    CoveyError,
    Draining,
    Forbidden,
    InvalidRequest,
    NotStarted,
    Overloaded,
    TransportError,
    Unauthenticated,
)
from covey.protocol.auth import UserInfo
from covey.protocol.conversations import CLIENT_WATCH, ConversationChanged, WatchConversations, WatchEvent
from covey.protocol.ids import ConversationId, GenerationId, RequestId
from covey.protocol.inference import CLIENT_CANCEL, CLIENT_START, CancelGeneration, FollowGeneration
from covey.rpc.context import CallContext

logger = structlog.get_logger(__name__)

PATH = PREFIX + "/ws"
GOING_AWAY, UNSUPPORTED, POLICY, INTERNAL, TRY_LATER = 1001, 1003, 1008, 1011, 1013
REWATCH_S = 0.5
"""How long a watch waits before it looks for another client worker."""
_FRAMES = msgspec.json.Decoder(ClientFrame)


class SocketSessions:
    """Admits sockets, and closes them all when the bridge drains."""

    def __init__(self, calls: Calls, config: BridgeConfig, metrics: BridgeMetrics) -> None:
        self._calls = calls
        self._config = config
        self._metrics = metrics
        self._hosts = HostRule(config.allowed_hosts)
        self._origins = OriginRule(config.allowed_origins)
        self._proxies = ProxyRule(config.trusted_proxies)
        self._sessions: set[SocketSession] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._draining = False

    def __len__(self) -> int:
        return len(self._sessions)

    async def serve(self, scope: Scope, receive: ReceiveMessage, send: SendMessage, request_id: RequestId) -> None:
        """ASGI: one socket from its handshake to its end."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            self._admit(scope, headers)
        except CoveyError as error:
            await _refuse(send, error, request_id)
            return
        await receive()  # websocket.connect
        await send({"type": "websocket.accept", "headers": [(b"x-request-id", request_id.encode())]})
        address = self._proxies.client_address(scope, headers.get(b"x-forwarded-for"))
        session = SocketSession(self._calls, self._config, self._metrics, receive, send, request_id, address)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    def open(self) -> None:
        """Take sockets, also after a drain."""
        self._draining = False

    def drain(self) -> None:
        """Take no new sockets; tell the open ones to go elsewhere. Their generations go on without them."""
        self._draining = True
        for session in list(self._sessions):
            task = asyncio.create_task(session.close(GOING_AWAY, "the service is stopping"))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        for task in list(self._closing):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _admit(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        check_path(scope["path"], scope.get("raw_path") or scope["path"].encode())
        self._hosts.check(scope)
        if scope["path"] != PATH:
            raise Unserved("no WebSocket is served at this path")
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if len(origins) > 1:
            raise InvalidRequest("the header origin was sent more than once")
        # No Origin: not a browser, and so nobody's cookies or pages; the credential decides.
        if origins and not self._origins.permits(origins[0].decode("latin-1"), headers.get(b"host"), scope["scheme"]):
            raise Forbidden("pages of this origin may not connect; see the setting bridge.allowed_origins")
        if self._draining or len(self._sessions) >= self._config.websocket.max_sockets:
            raise Overloaded("no more sockets are taken now", retry_after_s=2.0)


class SocketSession:
    def __init__(
        self,
        calls: Calls,
        config: BridgeConfig,
        metrics: BridgeMetrics,
        receive: ReceiveMessage,
        send: SendMessage,
        request_id: RequestId,
        address: str | None,
    ) -> None:
        self._calls = calls
        self._config = config.websocket
        self._metrics = metrics
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._address = address
        self._credential = ""
        self._user: UserInfo | None = None
        self._requests: dict[str, asyncio.Task[None]] = {}
        self._count = 0
        self._open = True

    async def run(self) -> None:
        """Until the client leaves, breaks the protocol, or the bridge drains. Leaves no task behind."""
        try:
            if await self._greet():
                while (frame := await self._next_frame()) is not None:
                    await self._handle(frame)
        finally:
            tasks = list(self._requests.values())
            self._requests.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self, code: int, reason: str) -> None:
        if self._open:
            self._open = False
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    # Frames in

    async def _greet(self) -> bool:
        try:
            async with asyncio.timeout(self._config.hello_timeout_s):
                frame = await self._next_frame()
        except TimeoutError:
            await self.close(POLICY, "no hello in time")
            return False
        if frame is None:
            return False
        if not isinstance(frame, Hello):
            await self.close(POLICY, "the first frame must be hello")
            return False
        return await self._hello(frame)

    async def _next_frame(self) -> ClientFrame | None:
        """None when the socket is at its end."""
        while self._open:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                self._open = False
                return None
            text = message.get("text")
            if text is None:
                await self.close(UNSUPPORTED, "frames are texts")
                return None
            try:
                frame: ClientFrame = json_body.decode(_FRAMES, text.encode())
            except UnicodeEncodeError:
                await self.close(POLICY, "malformed text")
                return None
            except CoveyError as error:
                if self._user is None:
                    await self.close(POLICY, "the first frame must be hello")
                    return None
                await self._say_error(None, error, self._request_id)
                continue
            return frame
        return None

    async def _handle(self, frame: ClientFrame) -> None:
        match frame:
            case Hello():
                await self._hello(frame)
            case Ping():
                await self._say("pong", id=frame.id)
            case Unfollow():
                task = self._requests.pop(frame.id, None)
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                await self._say("end", id=frame.id)
            case Start():
                await self._begin(frame.id, "start", partial(self._start, frame))
            case Follow():
                await self._begin(frame.id, "follow", partial(self._follow, frame.id, frame.generation_id, frame.after))
            case Watch():
                await self._begin(frame.id, "watch", partial(self._watch, frame))
            case Cancel():
                await self._begin(frame.id, "cancel", partial(self._cancel, frame))

    async def _hello(self, frame: Hello) -> bool:
        request_id = self._next_id()
        try:
            context = self._context(request_id, 5.0)
            user: UserInfo = await self._calls.operate_for("accounts.me", context, frame.credential)
        except CoveyError as error:
            await self._say_error(None, error, request_id)
            await self.close(POLICY if isinstance(error, (Unauthenticated, Forbidden)) else TRY_LATER, error.code)
            return False
        if self._user is not None and self._user.id != user.id:
            await self.close(POLICY, "the credential is of another account")
            return False
        self._user = user
        self._credential = frame.credential
        limits = {"max_frame_bytes": self._config.max_frame_bytes, "max_requests": self._config.max_requests}
        await self._say("welcome", user=complete(user), limits=limits)
        return True

    async def _begin(self, request: str, kind: str, work: Callable[[RequestId], Awaitable[None]]) -> None:
        request_id = self._next_id()
        try:
            if not 1 <= len(request) <= 64:
                raise InvalidRequest("an id has 1 to 64 characters", param="id")
            if request in self._requests:
                raise InvalidRequest("this id is in use", param="id")
            if len(self._requests) >= self._config.max_requests:
                raise Overloaded(f"one socket has at most {self._config.max_requests} requests", retry_after_s=1.0)
        except CoveyError as error:
            await self._say_error(request[:64], error, request_id)
            return
        task = self._guard(request, kind, work(request_id), request_id)
        self._requests[request] = asyncio.create_task(task)  # owned: ended in run

    # Requests

    async def _guard(self, request: str, kind: str, work: Awaitable[None], request_id: RequestId) -> None:
        outcome = "ok"
        try:
            await work
        except CoveyError as error:
            outcome = error.code
            await self._say_error(request, error, request_id)
        except asyncio.CancelledError:
            outcome = "left"
            raise
        except Exception as error:  # the edge: reported here, answered without its text
            named = named_error(error)
            outcome = named.code
            if type(named) is CoveyError:
                logger.exception("socket_request_failed_unexpectedly", request_id=request_id, kind=kind)
            await self._say_error(request, named, request_id)
        finally:
            if self._requests.get(request) is asyncio.current_task():
                del self._requests[request]
            self._metrics.socket_request(kind, outcome)

    async def _start(self, frame: Start, request_id: RequestId) -> None:
        key = frame.idempotency_key
        context = self._context(
            request_id,
            CLIENT_START.timeout_s,
            None if key is None else idempotency_key(key.encode("ascii", "replace")),
        )
        places = ("conversation_id", "parent_id", "answer_to", "continue_id", "stored_history")
        values = {"generate": frame.generate, **{name: getattr(frame, name) for name in places}}
        accepted = await start_generation(self._calls, context, self._credential, values)
        await self._say(
            "accepted",
            id=frame.id,
            generation_id=accepted.generation_id,
            question_id=accepted.question_id,
            answer_id=accepted.answer_id,
            request_id=accepted.request_id,
        )
        await self._follow(frame.id, accepted.generation_id, -1, request_id)

    async def _follow(self, request: str, generation_id: str, after: int, request_id: RequestId) -> None:
        if after < -1:
            raise InvalidRequest("after is the number of an event", param="after")
        follow = FollowGeneration(credential=self._credential, generation_id=GenerationId(generation_id), after=after)
        number = after
        async with aclosing(follow_generation(self._calls, self._context(request_id, None), follow)) as events:
            async for event in events:
                number += 1
                await self._say("event", id=request, generation_id=generation_id, seq=number, event=complete(event))
        await self._say("end", id=request)

    async def _watch(self, frame: Watch, request_id: RequestId) -> None:
        """Goes on with the renewed credential when the one that it began with is no longer good, and at another client
        worker when the one that it began at goes away."""
        begun = asyncio.Event()
        while True:
            credential = self._credential
            try:
                await self._pass_changes(frame, credential, begun, request_id)
            except Unauthenticated:
                if credential == self._credential:
                    raise
            except (TransportError, Draining, NotStarted):
                if not begun.is_set():
                    raise
                await asyncio.sleep(REWATCH_S)
            else:
                break
        await self._say("end", id=frame.id)

    async def _pass_changes(self, frame: Watch, credential: str, begun: asyncio.Event, request_id: RequestId) -> None:
        wanted = None if frame.conversation_id is None else ConversationId(frame.conversation_id)
        request = WatchConversations(credential=credential, conversation_id=wanted)
        stream = self._calls.bus.stream(CLIENT_WATCH, request, self._context(request_id, None))
        async with aclosing(cast("AsyncGenerator[WatchEvent, None]", stream)) as events:
            async for event in events:
                if isinstance(event, ConversationChanged):
                    await self._say("changed", id=frame.id, **changed_fields(event))
                elif event.fresh:
                    begun.set()
                    await self._say("watching", id=frame.id)

    async def _cancel(self, frame: Cancel, request_id: RequestId) -> None:
        generation_id = GenerationId(frame.generation_id)
        await self._calls.bus.call(
            CLIENT_CANCEL,
            CancelGeneration(credential=self._credential, generation_id=generation_id),
            self._context(request_id, CLIENT_CANCEL.timeout_s),
            to=owner_of(self._calls.bus, generation_id),
        )
        await self._say("cancelled", id=frame.id, generation_id=generation_id)

    def _next_id(self) -> RequestId:
        self._count += 1
        return RequestId(f"{self._request_id[:56]}-{self._count}")

    def _context(self, request_id: RequestId, timeout_s: float | None, key: str | None = None) -> CallContext:
        return CallContext(
            request_id=request_id,
            deadline=None if timeout_s is None else asyncio.get_running_loop().time() + timeout_s,
            idempotency_key=key,
            client_address=self._address,
        )

    # Frames out

    async def _say(self, frame_type: str, /, **fields: Any) -> None:
        if self._open:
            await self._send({"type": "websocket.send", "text": encode(frame_type, **fields)})

    async def _say_error(self, request: str | None, error: CoveyError, request_id: RequestId) -> None:
        described = FrameError(
            code=error.code,
            message=error.detail,
            param=error.param,
            retry_after_s=error.retry_after_s,
            request_id=request_id,
        )
        await self._say("error", id=request, error=described)


def changed_fields(event: ConversationChanged) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


async def _refuse(send: SendMessage, error: CoveyError, request_id: RequestId) -> None:
    body = msgspec.json.encode(problem_of(error, request_id))
    headers: list[Header] = [
        (b"content-type", PROBLEM_JSON),
        (b"x-request-id", request_id.encode()),
        *API_SECURITY_HEADERS.pairs,
    ]
    await send({"type": "websocket.http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})
