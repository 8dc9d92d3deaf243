"""``covey doctor``: what could be wrong between here and an answer."""

from __future__ import annotations

import email.utils
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from covey import __version__
from covey.cli.failures import FAILED, CommandFailed
from covey.cli.output import show_rows
from covey.cli.session import Session, default_model, pass_session

Finding = tuple[str, str]
"""``ok``, ``warning`` or ``failed``, and a sentence."""


@click.command()
@pass_session
@click.pass_context
def doctor(ctx: click.Context, session: Session) -> None:
    """Look at the service step by step, up to an answered prompt; exit code 1 when something failed."""
    findings = []
    for name, check in _checks(session):
        began = time.perf_counter()
        try:
            state, message = check()
        except CommandFailed as failure:
            state, message = "failed", failure.message
        took_ms = (time.perf_counter() - began) * 1000
        findings.append({"check": name, "state": state, "message": message, "took_ms": round(took_ms, 1)})
        if state == "failed" and name in ("reachable", "logged in"):
            break
    show_rows(
        findings,
        [
            ("CHECK", lambda item: item["check"]),
            ("STATE", lambda item: item["state"]),
            ("WHAT", lambda item: item["message"]),
        ],
        session.output,
    )
    if any(item["state"] == "failed" for item in findings):
        ctx.exit(FAILED)


def _checks(session: Session) -> Iterator[tuple[str, Callable[[], Finding]]]:
    yield "this program", _program
    yield "nats-server", _nats_server
    yield "reachable", lambda: _reachable(session)
    yield "clock", lambda: _clock(session)
    yield "logged in", lambda: _logged_in(session)
    yield "models", lambda: _models(session)
    yield "an answer", lambda: _answer(session)


def _program() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return "ok", f"covey {__version__} on Python {version}"


def _nats_server() -> Finding:
    if shutil.which("nats-server"):
        return "ok", "found on PATH"
    if Path(sys.executable).with_name("nats-server").exists():
        return "ok", "installed with Covey"
    return "warning", "none here; only needed where a node runs"


def _reachable(session: Session) -> Finding:
    api = session.api()
    api.request("GET", "/readyz", anonymous=True)
    return "ok", f"{api.context.url} is ready"


def _clock(session: Session) -> Finding:
    with session.api().open("GET", "/livez", anonymous=True) as answer:
        answer.read()
        date = answer.headers.get("date")
    if not date:
        return "ok", "the service does not tell its time"
    skew_s = abs(time.time() - email.utils.parsedate_to_datetime(date).timestamp())
    if skew_s > 30:
        return "failed", f"the clocks differ by {skew_s:.0f} s; sessions will not work"
    return "ok", f"within {max(skew_s, 1):.0f} s of the service"


def _logged_in(session: Session) -> Finding:
    me = session.api(login=True).get("/covey/v1/me")
    return "ok", f"as {me['username']} ({me.get('role', 'member')})"


def _models(session: Session) -> Finding:
    items: list[dict[str, Any]] = session.api().get("/covey/v1/models")["items"]
    if not items:
        return "failed", "there is no model; `covey pull` gets one"
    return "ok", ", ".join(item["model"]["name"] for item in items[:5])


def _answer(session: Session) -> Finding:
    body = {
        "model": default_model(session, None),
        "messages": [{"role": "user", "content": "Say hello."}],
        "max_tokens": 8,
    }
    began = time.perf_counter()
    answer = session.api().post("/v1/chat/completions", body)
    tokens = answer["usage"]["completion_tokens"]
    return "ok", f"{answer['model']} answered {tokens} tokens in {time.perf_counter() - began:.2f} s"
