"""Who may say and hear what on the mesh: allow-lists per role, made from the tables below and nothing else.

The lists are the whole policy: what is not named is refused by the server. Denials are never used, because overlapping
wildcards and queue subscriptions have been ways around them.
"""

from __future__ import annotations

import msgspec

from covey.protocol import subjects

NODE = "node"
"""All five services in one process: the union of their grants."""
OPERATOR = "operator"
"""Backup, restore, inspection and the server's own probe. It lives in the store's account, where no calls are."""
ROLES = (*subjects.SERVICES, NODE, OPERATOR)
ENROLMENT = "enrolment"
"""Whoever holds an open invitation: may ask to be let in, once, and nothing else. Its scope is its own public key."""
JOINABLE = ("processor",)
"""Roles that a machine may join as."""

CALLS: dict[str, tuple[str, ...]] = {
    "bridge": ("client",),
    "client": ("gateway",),
    "gateway": ("auth", "processor", "gateway"),
    "auth": ("auth",),
    "processor": (),
}
"""Which service asks which."""

OWNS: dict[str, tuple[str, ...]] = {
    "bridge": (),
    "client": (subjects.BUCKET_CLIENT,),
    "gateway": (subjects.BUCKET_GATEWAY, subjects.BUCKET_CONTENT),
    "auth": (subjects.BUCKET_AUTH, subjects.BUCKET_ACCESS),
    "processor": (subjects.BUCKET_PROCESSOR,),
}
"""Buckets that a role writes; it alone does, and reads them too."""

READS: dict[str, tuple[str, ...]] = {"gateway": (subjects.BUCKET_ACCESS,)}
"""Buckets that a role reads and watches though another one owns them."""

KEEPS_LOGS: dict[str, tuple[str, ...]] = {"gateway": (subjects.LOG_USAGE, subjects.LOG_AUDIT)}
"""Logs that a role appends to and reads."""

PRIVATE_EVENTS = ("client",)
"""Services whose events are heard by themselves alone: these tell what people do."""

BUCKETS = tuple(sorted({bucket for owned in OWNS.values() for bucket in owned}))
LOGS = tuple(sorted({log for kept in KEEPS_LOGS.values() for log in kept}))
PROBE_BUCKET = "probe"
"""Written by nothing but the server's own write probe, as the operator."""


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """What one identity may do."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    """A subject, or a subject, a space and the one queue group that it may be heard in."""


def grants_of(role: str, scope: str | None = None) -> Grants:
    """The grants of a role. With ``scope``, those of a service on a machine that joined."""
    if scope is not None:
        return _enrolment(scope) if role == ENROLMENT else _joined(role, scope)
    if role == OPERATOR:
        return _operator()
    services = subjects.SERVICES if role == NODE else (role,)
    publish: list[str] = []
    subscribe = [f"_INBOX_{role}.>"]
    for service in services:
        publish += _calls(service) + _store(service)
        publish += [f"presence.{service}.*", f"event.{service}.>"]
        publish += [f"_INBOX_{caller}.*.{service}.*" for caller in _callers(service)]
        subscribe += _serving(service)
    if "gateway" in services:
        publish.append("presence.processor.*.*")  # the farewell of a machine that was removed
        publish.append(f"_INBOX_{ENROLMENT}.>")
        subscribe.append(subjects.enrolment("*"))
    publish.append("presence-query.*")
    subscribe += ["presence.>", *_events(services)]
    return Grants(publish=tuple(dict.fromkeys(publish)), subscribe=tuple(subscribe))


def _joined(service: str, scope: str) -> Grants:
    """It announces its own instances, hears what is sent to them, and answers where its scope is part of the address.

    It asks nobody, reads and keeps nothing, and hears of nobody else.
    """
    return Grants(
        publish=(
            f"presence.{service}.{scope}.*",
            *(f"_INBOX_{caller}.*.{service}.{scope}.*" for caller in _callers(service)),
        ),
        subscribe=(
            f"_INBOX_{service}.{scope}.>",
            f"rpc-to.{service}.{scope}.*.*",
            f"ctl.{service}.{scope}.*.*",
            f"presence-query.{service}",
        ),
    )


def _enrolment(scope: str) -> Grants:
    return Grants(publish=(subjects.enrolment(scope),), subscribe=(f"_INBOX_{ENROLMENT}.{scope}.>",))


def _callers(service: str) -> tuple[str, ...]:
    """Whom it may answer, and only below its own name in their inboxes.

    Not by ``allow_responses``: the server forgets what may still be answered whenever its configuration is read anew.
    """
    return (*(caller for caller in subjects.SERVICES if service in CALLS[caller]), NODE)


def _events(services: tuple[str, ...]) -> list[str]:
    # Nothing of the private ones, not even `event.client.*`: the server takes `event.client.>` for a part of that.
    return [f"event.{each}.>" for each in subjects.SERVICES if each not in PRIVATE_EVENTS or each in services]


def _serving(service: str) -> list[str]:
    return [
        f"rpc.{service}.* {service}",  # only in the queue group: a plain listener would get a copy of every request
        f"rpc-to.{service}.*.*",
        f"ctl.{service}.*.*",
        f"presence-query.{service}",
    ]


def _calls(service: str) -> list[str]:
    # `>` below rpc-to and ctl: instances that joined have their scope in front.
    return [
        subject for callee in CALLS[service] for subject in (f"rpc.{callee}.*", f"rpc-to.{callee}.>", f"ctl.{callee}.>")
    ]


def _store(service: str) -> list[str]:
    owned, kept = OWNS[service], KEEPS_LOGS.get(service, ())
    writable = _streams(owned, kept)
    readable = (*writable, *_streams(READS.get(service, ()), ()))
    granted = [f"$KV.{bucket}.>" for bucket in owned] + [f"log.{log}.>" for log in kept]
    for stream in readable:
        granted += _reading(stream)
    granted += [f"$JS.API.STREAM.{verb}.{stream}" for stream in writable for verb in ("CREATE", "UPDATE", "PURGE")]
    return granted


def _reading(stream: str) -> list[str]:
    # No DIRECT.GET: such reads may be stale for ever, and their answer is the stored message itself, sent to whatever
    # reply subject the request named. No MSG.NEXT for the second reason.
    return [
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}.>",
        f"$JS.API.CONSUMER.INFO.{stream}.*",
        f"$JS.API.CONSUMER.DELETE.{stream}.*",
        f"$JS.FC.{stream}.>",
    ]


def _streams(buckets: tuple[str, ...], logs: tuple[str, ...]) -> tuple[str, ...]:
    return (*(subjects.kv_stream(bucket) for bucket in buckets), *(f"LOG_{log}" for log in logs))


def _operator() -> Grants:
    return Grants(
        publish=("$JS.API.>", "$KV.>", "log.>", "$JS.FC.>", "$JS.ACK.>", "$JS.SNAPSHOT.>"),
        subscribe=("_INBOX_operator.>",),
    )
