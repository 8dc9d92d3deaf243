"""The audit log: one line for each change of accounts, keys and models, and for each attempt at one."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from covey.errors import CoveyError, InvalidRequest
from covey.protocol.auth import Identity
from covey.protocol.ids import UserId
from covey.protocol.nodes import NodeJoined
from covey.protocol.usage import AuditEvent, AuditPage, QueryAudit
from covey.rpc.context import CallContext
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.store.key_value import Log
from covey.workers.gateway.log_writer import LogWriter
from covey.workers.gateway.spill import LogEntry

TARGETS = ("user_id", "key_id", "session_id", "invitation_id", "model", "node", "pull_id", "request_id")
"""Fields of requests that name what is changed, or read."""
SHOWN = frozenset(
    {"role", "status", "scopes", "models", "expires_in_s", "everywhere", "hidden", "aliases", "invited_by", "version"}
)
"""Fields whose values may stand in the log. Of all others only the name does."""
PAGE = 500
LATE_S = 86_400.0
"""An event that waited on disk while the store was away stands later in the log than it happened."""
MOST_READ = 20_000
"""How many records one question looks through; the next page goes on from there."""
Outcome = Literal["ok", "refused", "failed"]
_encode = msgspec.msgpack.Encoder().encode
_event = msgspec.msgpack.Decoder(AuditEvent).decode


class Audit:
    """Writes before the operation's answer goes out; reads newest first."""

    def __init__(self, log: Log, writer: LogWriter, clock: Clock, *, timeout_s: float) -> None:
        self._log = log
        self._writer = writer
        self._clock = clock
        self._timeout_s = timeout_s

    async def write(
        self,
        operation: str,
        context: CallContext,
        identity: Identity | None,
        *,
        request: msgspec.Struct | None,
        response: msgspec.Struct | None = None,
        error: Exception | None = None,
        later: bool = False,
    ) -> None:
        """Durable when it returns, in the log or on this machine's disk until the store is back; ``later``: with the
        next flush, because the caller cannot wait."""
        actor_id, actor_name = actor_of(identity, response)
        if isinstance(request, NodeJoined):
            actor_name = request.invited_by  # whose doing it is that a machine comes
        event = AuditEvent(
            id=mint("aud"),
            at=self._clock.now(),
            action=operation,
            actor_id=actor_id,
            actor_name=actor_name,
            target=target_of(request, response),
            outcome=outcome_of(error),
            error_code=None if error is None else getattr(error, "code", CoveyError.code),
            request_id=context.request_id,
            client_address=context.client_address,
            details={} if request is None else details_of(request),
        )
        entry = LogEntry(_encode(event), (actor_id or "nobody",), event.id)
        if later:
            self._writer.put(entry)
        else:
            await self._writer.write(entry, self._timeout_s)

    async def query(self, request: QueryAudit) -> AuditPage:
        if not 1 <= request.limit <= PAGE:
            raise InvalidRequest(f"limit is 1 to {PAGE}", param="limit")
        position = _position(request.cursor)
        subject = (request.actor_id,) if request.actor_id else ()
        found: list[AuditEvent] = []
        read = 0
        while True:
            records = await self._log.read(subject=subject, after=position, limit=PAGE, newest_first=True)
            for record in records:
                position = record.sequence
                event = _event(record.value)
                if request.since is not None and event.at < request.since - LATE_S:
                    return AuditPage(items=tuple(found))
                if asked_for(event, request):
                    found.append(event)
                    if len(found) == request.limit:
                        return AuditPage(items=tuple(found), next=str(position))
            read += len(records)
            if len(records) < PAGE:
                return AuditPage(items=tuple(found))
            if read >= MOST_READ:
                return AuditPage(items=tuple(found), next=str(position))


def asked_for(event: AuditEvent, request: QueryAudit) -> bool:
    action = request.action
    if action is not None and event.action != action and not (action.endswith(".") and event.action.startswith(action)):
        return False
    if request.target is not None and event.target != request.target:
        return False
    if request.outcome is not None and event.outcome != request.outcome:
        return False
    return (request.since is None or event.at >= request.since) and (request.until is None or event.at < request.until)


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and 0 < len(cursor) <= 18):
        raise InvalidRequest("this is no cursor of the audit log", param="cursor")
    return int(cursor)


def actor_of(identity: Identity | None, response: msgspec.Struct | None) -> tuple[UserId | None, str | None]:
    """Who did it: the credential's user, or whom a login or registration let in. A name that was only typed is
    nobody's, and may be a password in the wrong field."""
    if identity is not None:
        return identity.user_id, identity.username
    user = getattr(response, "user", None)
    return (None, None) if user is None else (user.id, user.username)


def target_of(request: msgspec.Struct | None, response: msgspec.Struct | None) -> str | None:
    for name in TARGETS:
        value = getattr(request, name, None)
        if value:
            return _plain(str(value))[:256]
    for name in ("user", "key", "invitation"):
        made = getattr(response, name, None)
        if made is not None:
            return str(made.id)
    return None


def _plain(name: str) -> str:
    """An address without what may be a secret in it: user, password, query."""
    if "://" not in name:
        return name
    try:
        parts = urlsplit(name)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    except ValueError:
        return "an address"


def details_of(request: msgspec.Struct) -> dict[str, Any]:
    """The names of the fields that were given, and the values of the harmless ones."""
    given = {
        field.name: value
        for field in msgspec.structs.fields(request)
        if (value := getattr(request, field.name)) != field.default
    }
    details: dict[str, Any] = {name: msgspec.to_builtins(value) for name, value in given.items() if name in SHOWN}
    others = sorted(given.keys() - SHOWN - set(TARGETS))
    if others:
        details["fields"] = others
    return details


def outcome_of(error: Exception | None) -> Outcome:
    """``refused`` when the caller was at fault, ``failed`` otherwise."""
    if error is None:
        return "ok"
    status = getattr(error, "http_status", 500)
    return "refused" if status < 500 else "failed"
