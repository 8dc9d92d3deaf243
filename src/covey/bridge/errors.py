"""How errors become answers: one catalogue, several shapes. The platform's own is RFC 9457 problem details.

Every dialect has a ``render`` of the same form. Headers that tell clients whether and when to come back are the same
for all of them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import msgspec

from covey.bridge.exchange import Exchange, Header
from covey.errors import (
    CapacityError,
    CoveyError,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    UnknownField,
)

PROBLEM_JSON = b"application/problem+json"
PROBLEM_TYPES = "/covey/v1/docs#error-"
LONGEST_RETRY_S = 60.0
"""A limit that frees up later than this is not worth waiting for inside a client library."""

RenderError = Callable[[CoveyError, Exchange], tuple[int, bytes, bytes]]
"""Error and exchange → HTTP status, body and content type."""


class MethodNotAllowed(InvalidRequest):
    """The path is served, but not with this method; ``methods`` are those that are."""

    http_status = 405

    def __init__(self, methods: tuple[str, ...]) -> None:
        super().__init__(f"use {' or '.join(methods)}")
        self.methods = methods


class Unserved(NotFound):
    """No such path."""


def named_error(error: Exception) -> CoveyError:
    """The error to answer with; the bare root for anything unnamed, which the caller has to log."""
    if isinstance(error, CoveyError):
        return error
    if isinstance(error, OverflowError):  # by the encoding between processes, which has 64 bits for a whole number
        return InvalidRequest("a number does not fit 64 bits")
    return CoveyError("something went wrong here; it was logged")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    """Names this occurrence. Not the address that was asked for: people put keys into addresses."""
    request_id: str
    code: str
    errors: list[dict[str, str]] = []
    """Fields at fault: ``pointer`` (RFC 6901) and ``message``."""
    retry_after_s: float | None = None


def problem_of(error: CoveyError, request_id: str) -> Problem:
    fields: list[dict[str, str]] = []
    if error.param:
        pointer = "/" + error.param.replace("~", "~0").replace("/", "~1").replace(".", "/")
        fields.append({"pointer": pointer, "message": error.detail})
    return Problem(
        type=PROBLEM_TYPES + error.code,
        title=error.code.replace("_", " ").capitalize(),
        status=error.http_status,
        detail=error.detail,
        instance=f"urn:covey:request:{request_id}",
        request_id=request_id,
        code=error.code,
        errors=fields,
        retry_after_s=error.retry_after_s,
    )


def render_problem(error: CoveyError, exchange: Exchange) -> tuple[int, bytes, bytes]:
    problem = problem_of(error, exchange.request_id)
    return error.http_status, msgspec.json.encode(problem), PROBLEM_JSON


def retry_headers(error: CoveyError) -> list[Header]:
    """``retry-after`` and the two headers that client libraries of this field obey."""
    headers: list[Header] = []
    wait_s = error.retry_after_s
    if wait_s is None and isinstance(error, CapacityError):
        wait_s = 1.0
    if wait_s is not None:
        # Spread out, so that everyone who was refused in one moment does not come back in one moment.
        spread_s = wait_s * random.uniform(1.0, 1.25) if isinstance(error, CapacityError) else wait_s
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(spread_s))))
        headers.append((b"retry-after-ms", b"%d" % max(1, math.ceil(spread_s * 1000))))
    if error.http_status in (408, 409, 429) or error.http_status >= 500:
        again = error.retryable
        if isinstance(error, QuotaExceeded):
            again = wait_s is not None and wait_s <= LONGEST_RETRY_S
        headers.append((b"x-should-retry", b"true" if again else b"false"))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.methods).encode("ascii")))
    if error.http_status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="covey"'))
    return headers


def invalid_json(error: Exception) -> CoveyError:
    """A decoding failure, as an error that names the field. Only types and positions are in the text."""
    if isinstance(error, msgspec.ValidationError):
        text, _, where = str(error).partition(" - at `")
        field = where.rstrip("`").removeprefix("$").removeprefix(".").replace("[", ".").replace("]", "")
        if text.startswith("Object contains unknown field"):
            name = text.split("`")[1]
            return _unknown(f"{field}.{name}" if field else name, name)
        return InvalidRequest(f"{field}: {_lower(text)}" if field else _lower(text), param=field or None)
    if isinstance(error, RecursionError):
        return InvalidRequest("the JSON is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return InvalidRequest("the body is not valid UTF-8")
    return InvalidRequest("the body is not valid JSON")


def _unknown(path: str, name: str) -> CoveyError:
    return UnknownField(f"there is no field {name}", param=path)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
