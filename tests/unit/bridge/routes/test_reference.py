from __future__ import annotations

from tests.helpers.asgi import ask
from tests.helpers.bridges import new_bridge


async def test_the_document_and_the_page_are_served_to_everyone() -> None:
    app = new_bridge().bridge.application
    document = await ask(app, "GET", "/covey/v1/openapi.json")
    assert document.json["openapi"] == "3.1.0"
    page = await ask(app, "GET", "/covey/v1/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert b"<script" not in page.body
    assert b"error-quota_exceeded" in page.body
    assert b"/covey/v1/generations" in page.body
