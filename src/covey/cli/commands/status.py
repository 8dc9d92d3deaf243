"""``covey status``: one look at the service."""

from __future__ import annotations

import time
from typing import Any

import click

from covey.cli.output import show_item
from covey.cli.session import Session, pass_session


@click.command()
@pass_session
def status(session: Session) -> None:
    """How the service is: reachable, ready, who you are, which models there are."""
    api = session.api()
    began = time.perf_counter()
    ready = api.request("GET", "/readyz", anonymous=True)
    took_ms = (time.perf_counter() - began) * 1000
    result: dict[str, Any] = {
        "url": api.context.url,
        "ready": ready.get("status", "ok") if isinstance(ready, dict) else "ok",
        "answered_in_ms": round(took_ms, 1),
    }
    if api.has_credential:
        me = api.get("/covey/v1/me")
        models = api.get("/covey/v1/models")["items"]
        result["account"] = f"{me['username']} ({me.get('role', 'member')})"
        result["models"] = ", ".join(item["model"]["name"] for item in models) or "none"
    else:
        result["account"] = "not logged in"
    show_item(result, session.output)
