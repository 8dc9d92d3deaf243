from __future__ import annotations

import json

import pytest

from covey.bridge.dialects.openai.errors import encode_error, error_frame
from covey.errors import (
    BackendUnavailable,
    CoveyError,
    Forbidden,
    InvalidRequest,
    ModelNotFound,
    Overloaded,
    QuotaExceeded,
    Unauthenticated,
)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (InvalidRequest(), "invalid_request_error", "invalid_request"),
        (Unauthenticated(), "invalid_request_error", "invalid_api_key"),
        (Forbidden(), "permission_error", "forbidden"),
        (ModelNotFound(), "invalid_request_error", "model_not_found"),
        (QuotaExceeded(), "rate_limit_error", "rate_limit_exceeded"),
        (Overloaded(), "server_error", "overloaded"),
        (BackendUnavailable(), "server_error", "backend_unavailable"),
        (CoveyError(), "server_error", "server_error"),
    ],
)
def test_codes_and_types_are_those_that_clients_know(error: CoveyError, kind: str, code: str) -> None:
    found = json.loads(encode_error(error))["error"]
    assert (found["type"], found["code"], found["message"]) == (kind, code, error.detail)


def test_an_error_in_a_stream_is_one_event() -> None:
    frame = error_frame(InvalidRequest("a\n\ndata: x"))
    assert frame.startswith(b'data: {"error":')
    assert frame.count(b"\n") == 2
