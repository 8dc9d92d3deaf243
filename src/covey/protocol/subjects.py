"""Every subject, bucket, stream and header name of the mesh, and the only functions that build them.

Nothing that a person typed ever becomes part of a subject or a key: ids do, and anything else is hashed first. Every
token that goes into a subject is checked here.
"""

from __future__ import annotations

import hashlib
import re

from covey.errors import InvalidRequest

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")

SERVICES = ("bridge", "client", "gateway", "auth", "processor")

# Headers
HEADER_REQUEST_ID = "Covey-Request-Id"
HEADER_DEADLINE_MS = "Covey-Deadline-Ms"
HEADER_SENT_MS = "Covey-Sent-Ms"
"""The sender's own monotonic clock: tells how long a message was held up on its way, whatever the wall clocks say."""
HEADER_NODE = "Covey-Node"
"""Which process published an event."""
HEADER_CALLER = "Covey-Caller"
HEADER_IDENTITY = "Covey-Identity"
HEADER_IDEMPOTENCY_KEY = "Covey-Idempotency-Key"
HEADER_CLIENT_ADDRESS = "Covey-Client-Address"
HEADER_DIGEST = "Covey-Digest"
"""SHA-256 of a signed question's whole body, in hexadecimal."""
HEADER_SIGNATURE = "Covey-Signature"
"""Of a question: the caller's public key, a dot, and its signature; see ``covey.rpc.signing``."""
HEADER_ERROR = "Covey-Error"
HEADER_TRACEPARENT = "traceparent"
HEADER_SIZE = "Covey-Size"
"""Of the first part of a request: the bytes of the whole."""
HEADER_WANTED = "Covey-Wanted"
"""From whoever reads such a request: up to which byte it may be sent."""
HEADER_INSTANCE = "Covey-Instance"
"""Who that is."""
HEADER_OFFSET = "Covey-Offset"
"""Of a further part: the byte that it begins at."""

# Topics of events, each below the service that publishes it
TOPIC_CONVERSATIONS = "client.conversations"
"""Followed by the person whose conversations they are."""

# Buckets. One family per worker, each written by its owner alone.
BUCKET_AUTH = "auth"
"""Users with password hashes, sessions, invitations, private signing keys. The auth worker's alone."""
BUCKET_ACCESS = "access"
"""What gateways need to verify credentials. Written by auth, read by gateways."""
BUCKET_CLIENT = "client"
"""Conversations and preferences. The client worker's alone."""
BUCKET_GATEWAY = "gateway"
"""Usage roll-ups. The gateway's alone."""
BUCKET_CONTENT = "content"
"""What was asked and answered, where an operator has it kept; everything in it expires. The gateway's alone."""
BUCKET_PROCESSOR = "processor"
"""Model catalogue. The processor's alone."""

# Append-only logs
LOG_USAGE = "usage"
LOG_AUDIT = "audit"


def token(value: str) -> str:
    """``value`` itself if it can stand as one subject token, else InvalidRequest."""
    if not _TOKEN.match(value):
        raise InvalidRequest("an identifier has characters that are not allowed, or is too long")
    return value


def rpc(endpoint_name: str) -> str:
    """Where any instance of a service is asked: ``rpc.<service>.<method>``, always with the service's queue group."""
    return f"rpc.{endpoint_name}"


def scope_of(instance: str) -> str | None:
    """The scope that the id of an instance ends in, ``<service>-<unique>__<scope>``; None for most.

    A worker on a machine that joined with an identity of its own may hear the subjects of its scope only.
    """
    return instance.partition("__")[2] or None


def _addressed(instance: str) -> str:
    """An instance as part of a subject: with its scope as a token of its own, so that grants can name the scope."""
    scope = scope_of(instance)
    return token(instance) if scope is None else f"{token(scope)}.{token(instance)}"


def rpc_to(endpoint_name: str, instance: str) -> str:
    """Where one instance is asked: ``rpc-to.<instance's service>.[<scope>.]<instance>.<method>``."""
    service, _, method = endpoint_name.partition(".")
    return f"rpc-to.{service}.{_addressed(instance)}.{method}"


def stream_control(service: str, instance: str, stream_id: str) -> str:
    """Where the reader of a stream sends credit and cancel to the instance that serves it."""
    return f"ctl.{service}.{_addressed(instance)}.{token(stream_id)}"


def inbox_prefix(role: str, instance: str) -> str:
    """Replies to one worker; each role may listen below its own prefix only. A service answers below
    ``<prefix>.<service>``, an instance of it with a scope below ``<prefix>.<service>.<scope>``."""
    return f"_INBOX_{role}.{_addressed(instance)}"


def presence(service: str, instance: str) -> str:
    """Where one instance says that it is there: ``presence.<service>.[<scope>.]<instance>``."""
    return f"presence.{service}.{_addressed(instance)}"


def presence_query(service: str) -> str:
    """Ask all instances of a service to announce themselves now."""
    return f"presence-query.{service}"


def enrolment(public_key: str) -> str:
    """Where the holder of an invitation, known by the invitation's public key, asks to be let in."""
    return f"enrol.{public_key}"


def person(user_id: str) -> str:
    """A person as one token of a subject, which tells nobody who it is."""
    return hashlib.sha256(b"person\0" + user_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def event(topic_name: str) -> str:
    return f"event.{topic_name}"


def kv_stream(bucket: str) -> str:
    return f"KV_{bucket}"


def log_stream(log: str) -> str:
    return f"LOG_{log}"


def log_subject(log: str, *tokens: str) -> str:
    return ".".join(("log", log, *(token(part) for part in tokens)))
