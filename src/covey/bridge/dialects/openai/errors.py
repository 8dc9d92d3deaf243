"""Errors as OpenAI's clients expect them: ``{"error": {"message", "type", "param", "code"}}``."""

from __future__ import annotations

import msgspec

from covey.bridge.exchange import JSON, Exchange
from covey.bridge.sse import data_frame
from covey.errors import CoveyError, QuotaExceeded, Unauthenticated

_CODES = {"unauthenticated": "invalid_api_key", "quota_exceeded": "rate_limit_exceeded", "internal": "server_error"}


class ErrorBody(msgspec.Struct, frozen=True):
    message: str
    type: str
    param: str | None
    code: str


class ErrorEnvelope(msgspec.Struct, frozen=True):
    error: ErrorBody


def error_type(error: CoveyError) -> str:
    if isinstance(error, QuotaExceeded):
        return "rate_limit_error"
    if error.http_status >= 500:
        return "server_error"
    return "permission_error" if error.http_status == 403 else "invalid_request_error"


def encode_error(error: CoveyError) -> bytes:
    code = _CODES.get(error.code, error.code)
    param = None if isinstance(error, Unauthenticated) else error.param
    return msgspec.json.encode(ErrorEnvelope(ErrorBody(error.detail, error_type(error), param, code)))


def render_openai_error(error: CoveyError, exchange: Exchange) -> tuple[int, bytes, bytes]:
    return error.http_status, encode_error(error), JSON


def error_frame(error: CoveyError) -> bytes:
    """An error inside a stream: its last event. No ``[DONE]`` follows, so a cut-off answer never looks whole."""
    return data_frame(encode_error(error))
