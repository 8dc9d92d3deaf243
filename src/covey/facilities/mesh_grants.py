"""A test of every grant at start: a missing one would otherwise look like a time-out, some day, to somebody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import nats
import nats.errors
import structlog
from nats.aio.client import Client

from covey.domain.mesh_permissions import grants_of
from covey.errors import PeerUnavailable, StartFailed
from covey.facilities.nats_client import UnreadableMessage, dial
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.registry import InstanceInfo

NAME = "grant-check"
NEVER_STORED = {"Nats-Expected-Last-Sequence": str(2**62)}
"""Makes JetStream refuse the message, whatever the stream holds."""
NO_REQUEST = b"?"
"""Not JSON, so that the JetStream API refuses it. A purge is obeyed all the same: it gets a filter instead."""

log = structlog.get_logger(__name__)


async def verify_grants(
    url: str,
    seed: str,
    role: str,
    *,
    scope: str | None = None,
    tls: Mapping[str, Any] | None = None,
    timeout_s: float = 10.0,
) -> None:
    """Use each grant of ``role`` once, in ways that have no effect, over a connection of its own. ``tls``: what the
    library has to be told, see ``mesh_certificates.client_options``.

    Raises StartFailed when the server refuses any (the log names them), PeerUnavailable when it does not answer.
    """
    grants = grants_of(role, scope)
    refused: list[str] = []
    last_error: list[Exception] = []

    async def on_error(error: Exception) -> None:
        if not isinstance(error, UnreadableMessage):  # what others send is no refusal
            last_error.append(error)

    async def is_refused(client: Client) -> bool:
        # Twice: the library writes the first ping before what it still holds back.
        for _ in range(2):
            await client.flush(timeout=max(1, round(timeout_s)))
        found = bool(last_error)
        last_error.clear()
        return found

    try:
        async with asyncio.timeout(timeout_s):
            client = await dial(
                [url],
                name="covey grants",
                nkeys_seed_str=seed,
                allow_reconnect=False,
                error_cb=on_error,
                **dict(tls or {}),
            )
            try:
                uses = [(f"publish {subject}", use_publish, subject) for subject in grants.publish]
                uses += [(f"subscribe {subject}", use_subscribe, subject) for subject in grants.subscribe]
                for _, use, subject in uses:
                    await use(client, subject)
                # One look at all of them is enough where nothing is refused; which it was takes a look at each.
                for name, use, subject in uses if await is_refused(client) else ():
                    await use(client, subject)
                    if await is_refused(client):
                        refused.append(name)
            finally:
                await client.let_go()
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise PeerUnavailable("the mesh did not answer the check of grants") from error
    if refused:
        log.error("permission_violation", role=role, refused=refused)
        raise StartFailed(f"the mesh refuses {len(refused)} of the grants that {role} needs")


async def use_publish(client: Client, grant: str) -> None:
    subject = example_of(grant)
    if subject.startswith("$JS.API.STREAM.PURGE."):
        await client.publish(subject, purge_of_nothing(subject.rpartition(".")[2]))
    elif subject.startswith("$JS.API."):
        await client.publish(subject, NO_REQUEST)
    elif subject.startswith(("$KV.", "log.")):
        await client.publish(subject, b"", headers=dict(NEVER_STORED))
    elif subject.startswith("presence."):
        await client.publish(subject, nobody(subject))
    else:  # nobody answers to this name, and what asks for no answer is not served
        await client.publish(subject, b"")


async def use_subscribe(client: Client, grant: str) -> None:
    # One literal subject, not the wildcard: as a member of the queue group this connection would take, and lose, its
    # share of the real requests.
    pattern, _, queue = grant.partition(" ")
    subscription = await client.subscribe(example_of(pattern), queue=queue)
    await subscription.unsubscribe()


def example_of(pattern: str) -> str:
    """A subject that the pattern covers and nobody uses."""
    return ".".join(NAME if token in ("*", ">") else token for token in pattern.split("."))


def purge_of_nothing(stream: str) -> bytes:
    kind, _, name = stream.partition("_")
    root = "$KV" if kind == "KV" else "log"
    return msgspec.json.encode({"filter": f"{root}.{name}.{NAME}"})


def nobody(subject: str) -> bytes:
    """The farewell of an instance that never was."""
    return msgspec.msgpack.encode(
        InstanceInfo(service=subject.split(".")[1], instance=InstanceId(NAME), node=NodeName(NAME), state="stopped")
    )
