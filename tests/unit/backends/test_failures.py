from __future__ import annotations

import pytest

from covey.backends.failures import error_for, message_of, seconds_of
from covey.errors import (
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    ContextLengthExceeded,
    CoveyError,
    ModelNotFound,
    Overloaded,
)


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (400, "too long", BackendRejected),
        (413, "", BackendRejected),
        (422, "bad field", BackendRejected),
        (401, "no key", BackendUnavailable),
        (403, "no right", BackendUnavailable),
        (404, "no model", ModelNotFound),
        (404, None, BackendProtocolError),
        (404, "Not Found", BackendRejected),
        (501, "This server does not support embeddings", BackendRejected),
        (400, "This model's maximum context length is 2048 tokens.", ContextLengthExceeded),
        (400, "the request exceeds the available context size", ContextLengthExceeded),
        (400, "the input length exceeds the context length", ContextLengthExceeded),
        (400, "The input (9 tokens) is longer than the model's context length (8 tokens).", ContextLengthExceeded),
        (400, None, BackendProtocolError),
        (429, None, Overloaded),
        (503, None, Overloaded),
        (500, "CUDA error at /srv/x.cu", BackendUnavailable),
        (502, None, BackendUnavailable),
        (302, None, BackendProtocolError),
        (200, None, BackendProtocolError),
    ],
)
def test_each_status_has_one_meaning(status: int, message: str | None, error: type[CoveyError]) -> None:
    found = error_for(status, message)
    assert type(found) is error
    assert "/srv" not in found.detail


def test_a_refusal_passes_on_a_short_clean_message_only() -> None:
    assert error_for(400, "a\r\nb\x00\x1b[31m " + "c" * 1000).detail == "a b [31m " + "c" * (300 - 9)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"m","code":1}}', "m"),
        (b'{"error":"m"}', "m"),
        (b'{"message":"m"}', "m"),
        (b'{"detail":[{"loc":1}]}', ""),
        (b'{"other":1}', None),
        (b"<html>bad gateway</html>", None),
        (b"[1]", None),
        (b"", None),
        (b"[" * 100_000, None),
        (b'"\xff"', None),
    ],
)
def test_the_message_is_found_in_every_usual_form(body: bytes, message: str | None) -> None:
    assert message_of(body) == message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("", None), ("Wed, 21 Oct", None), ("-1", None), ("1e9", 3600.0), ("nan", None)],
)
def test_retry_after_is_read_as_seconds(value: str, seconds: float | None) -> None:
    assert seconds_of(value) == seconds
