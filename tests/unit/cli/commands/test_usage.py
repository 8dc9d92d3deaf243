from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.helpers.command_line import covey
from tests.helpers.platform_server import Answer, PlatformServer, platform_server

pytestmark = pytest.mark.sockets

TABLE = ["day,model\r\n", "2026-01-31,'=m\r\n"]


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with platform_server() as running:
        for path in ("usage", "requests"):
            running.answers[f"GET /covey/v1/{path}"] = Answer(lines=TABLE)
        yield running


@pytest.mark.parametrize("arguments", [("-o", "csv", "usage"), ("usage", "-o", "csv"), ("requests", "-o", "csv")])
def test_csv_is_what_the_service_says(server: PlatformServer, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = covey("--url", server.url, "--api-key", "k", *arguments, folder=tmp_path)
    assert (ended.code, ended.out) == (0, "".join(TABLE))
    (asked,) = server.asked
    assert asked.headers["accept"] == "text/csv"
    assert "limit" not in asked.path


def test_the_request_log_is_filtered_by_the_service(server: PlatformServer, tmp_path: Path) -> None:
    server.answers["GET /covey/v1/requests"] = Answer(200, {"items": []})
    filters = ("--model", "m", "--since", "2026-01-31", "--until", "2026-02-01", "--slower-than", "5", "--key", "key_1")
    ended = covey("--url", server.url, "--api-key", "k", "requests", *filters, folder=tmp_path)
    assert ended.code == 0, ended.err
    assert parse_qs(urlsplit(server.asked[-1].path).query) == {
        "model": ["m"], "since": ["1769817600.0"], "until": ["1769904000.0"], "min_duration_ms": ["5.0"],
        "key_id": ["key_1"], "limit": ["50"],
    }  # fmt: skip


def test_a_refusal_is_told_and_not_written_into_the_table(server: PlatformServer, tmp_path: Path) -> None:
    server.answers["GET /covey/v1/usage"] = Answer(403, {"detail": "only administrators see the usage of others"})
    ended = covey("--url", server.url, "--api-key", "k", "usage", "--user", "*", "-o", "csv", folder=tmp_path)
    assert (ended.code, ended.out) == (5, "")
    assert "only administrators" in ended.err
