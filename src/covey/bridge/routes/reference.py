"""The API's reference: the OpenAPI document, and a page of it that needs no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec

from covey.bridge.exchange import Exchange
from covey.bridge.openapi import describe, error_table
from covey.bridge.router import Described, Route
from covey.bridge.routes.platform import PREFIX

DOCUMENT_PATH = PREFIX + "/openapi.json"
PAGE_PATH = PREFIX + "/docs"


def reference_routes(routes: Sequence[Route]) -> list[Route]:
    """``routes`` are those to describe; these two describe themselves too."""
    handlers = _Reference()
    own = [
        Route(
            "GET",
            DOCUMENT_PATH,
            handlers.document,
            Described("reference.openapi", "This description", "reference", anonymous=True, access="anonymous"),
        ),
        Route(
            "GET",
            PAGE_PATH,
            handlers.page,
            Described("reference.docs", "This description as a page", "reference", anonymous=True, access="anonymous"),
        ),
    ]
    handlers.load([*routes, *own])
    return own


class _Reference:
    def __init__(self) -> None:
        self._document = b"{}"
        self._page = b""

    def load(self, routes: Sequence[Route]) -> None:
        document = describe(routes)
        self._document = msgspec.json.encode(document)
        self._page = render_page(document).encode()

    async def document(self, exchange: Exchange) -> None:
        await exchange.respond(200, self._document)

    async def page(self, exchange: Exchange) -> None:
        await exchange.respond(200, self._page, b"text/html; charset=utf-8")


def render_page(document: dict[str, Any]) -> str:
    rows = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            rows.append(
                f"<tr id='{escape(operation['operationId'])}'><td><code>{method.upper()}</code></td>"
                f"<td><code>{escape(path)}</code></td><td>{escape(operation['summary'])}</td>"
                f"<td>{escape(operation.get('x-covey-access', ''))}</td></tr>"
            )
    errors = [
        f"<tr id='error-{code}'><td><code>{code}</code></td><td>{status}</td><td>{escape(meaning)}</td>"
        f"<td>{'yes' if again else 'no'}</td></tr>"
        for code, status, meaning, again in error_table()
    ]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Covey API</title></head><body>"
        "<h1>Covey API</h1>"
        f"<p>The whole description, for tools: <a href='{DOCUMENT_PATH}'>{DOCUMENT_PATH}</a>.</p>"
        "<h2>Routes</h2><table><thead><tr><th>Method</th><th>Path</th><th>What it does</th><th>Access</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
        "<h2>Errors</h2><table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th><th>Try again</th></tr></thead>"
        f"<tbody>{''.join(errors)}</tbody></table></body></html>"
    )
