from __future__ import annotations

from pathlib import Path

import pytest

from covey.bridge.routes.web import MAX_FILE_BYTES, load_files, read_web_file
from tests.helpers.asgi import ask
from tests.helpers.bridges import new_bridge


@pytest.fixture
def web(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-Ab12Cd34.js").write_text("1")
    (tmp_path / "assets" / "app-Ab12Cd34.js.gz").write_bytes(b"packed")
    (tmp_path / "assets" / "app-Ab12Cd34.js.map").write_text("map")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / ".hidden").write_text("x")
    return tmp_path


def test_regular_files_are_loaded_and_nothing_else(web: Path) -> None:
    assert set(load_files(web)) == {"/", "/index.html", "/icon.svg", "/assets/app-Ab12Cd34.js"}
    assert load_files(web / "missing") == {}


def test_hashed_names_are_kept_for_ever_and_others_are_asked_again(web: Path) -> None:
    files = load_files(web)
    assert b"immutable" in files["/assets/app-Ab12Cd34.js"].cache_control
    assert files["/icon.svg"].cache_control == b"no-cache"
    assert files["/icon.svg"].content_type == b"image/svg+xml; charset=utf-8"
    assert read_web_file(web / "icon.svg").etag == files["/icon.svg"].etag
    assert MAX_FILE_BYTES > 1_000_000


async def test_pages_of_the_interface_fall_back_to_its_index_and_apis_do_not(web: Path) -> None:
    app = new_bridge(web_directory=str(web)).bridge.application
    assert (await ask(app, "GET", "/chat/1")).body == b"<!doctype html>"
    for path in ("/v1/nothing", "/covey/v1/nothing", "/api/nothing", "/metrics", "/missing.js"):
        assert (await ask(app, "GET", path)).status == 404
    packed = await ask(app, "GET", "/assets/app-Ab12Cd34.js", {"accept-encoding": "gzip"})
    assert (packed.body, packed.headers["vary"]) == (b"packed", "accept-encoding")


async def test_without_an_interface_there_is_a_plain_page(tmp_path: Path) -> None:
    app = new_bridge(web_directory=str(tmp_path)).bridge.application
    page = await ask(app, "GET", "/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<script" not in page.body
    assert (await ask(app, "GET", "/chat")).status == 404
