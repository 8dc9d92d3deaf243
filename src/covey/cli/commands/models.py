"""``covey ls``, ``ps``, ``show``, ``pull``, ``rm``: models."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from covey.cli.api import path_part
from covey.cli.failures import CommandFailed
from covey.cli.output import moment, show_item, show_rows, size, talk
from covey.cli.session import Session, pass_session

PLATFORM = "/covey/v1"


@click.command()
@pass_session
def ls(session: Session) -> None:
    """List the models that you may use."""
    show_rows(
        session.api(login=True).get(f"{PLATFORM}/models")["items"],
        [
            ("NAME", lambda item: item["model"]["name"]),
            ("STATE", lambda item: item["model"].get("state", "cold")),
            ("ENGINE", lambda item: item["model"].get("engine")),
            ("SIZE", lambda item: size(item["model"].get("size_bytes"))),
            ("CONTEXT", lambda item: item["model"].get("context_length")),
            ("ALSO CALLED", lambda item: item["model"].get("aliases")),
            ("NODES", lambda item: item["nodes"]),
        ],
        session.output,
    )


@click.command()
@pass_session
def ps(session: Session) -> None:
    """List loaded models and their load."""
    show_rows(
        session.api(login=True).get(f"{PLATFORM}/running")["items"],
        [
            ("NAME", lambda item: item["model"]["name"]),
            ("NODE", lambda item: item["node"]),
            ("RUNNING", lambda item: item.get("running", 0)),
            ("WAITING", lambda item: item.get("waiting", 0)),
            ("SLOTS", lambda item: item.get("slots") or None),
            ("UNTIL", lambda item: moment(item.get("expires_at"))),
        ],
        session.output,
    )


@click.command()
@click.argument("model")
@pass_session
def show(session: Session, model: str) -> None:
    """Show one model."""
    details: dict[str, Any] = session.api(login=True).get(f"{PLATFORM}/models/{path_part(model)}")
    info = details["model"]
    fields = [*info.items(), *((f"parameter {name}", value) for name, value in details.get("parameters", {}).items())]
    fields += [(name, value) for name, value in details.get("metadata", {}).items()]
    if details.get("license"):
        fields.append(("license", details["license"]))
    show_item(details, session.output, fields)


@click.command()
@click.argument("model")
@click.option("--sha256", help="Refuse the file unless it has this digest.")
@click.option("--name", help="What to call it here.")
@pass_session
def pull(session: Session, model: str, sha256: str | None, name: str | None) -> None:
    """Download a model, or go on with a download that was interrupted."""
    body = {"model": model}
    body |= {key: value for key, value in (("sha256", sha256), ("name", name)) if value}
    events = session.api(login=True).lines("POST", f"{PLATFORM}/models/pull", body)
    if session.output != "table":
        import json

        for event in events:
            click.echo(json.dumps(event), nl=True)
            _raise_failure(event)
    elif sys.stderr.isatty():
        _bar(events)
    else:
        _plain(events)


def _raise_failure(event: dict[str, Any]) -> None:
    if "error" in event:
        error = event["error"]
        raise CommandFailed(str(error.get("message") or error.get("detail")) if isinstance(error, dict) else str(error))


def _bar(events: Any) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("resolving", total=None)
        for event in events:
            _raise_failure(event)
            progress.update(
                task, description=event["status"], total=event.get("total_bytes"),
                completed=event.get("completed_bytes") or 0,
            )  # fmt: skip


def _plain(events: Any) -> None:
    """A line at each step and every few seconds."""
    last_status, last_at = "", 0.0
    for event in events:
        _raise_failure(event)
        now = time.monotonic()
        if event["status"] != last_status or now - last_at > 5:
            done, total = event.get("completed_bytes"), event.get("total_bytes")
            talk(event["status"] + (f" {size(done)} of {size(total)}" if total else ""))
            last_status, last_at = event["status"], now


@click.command()
@click.argument("model")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def rm(session: Session, model: str, yes: bool) -> None:
    """Remove a model's files."""
    if not yes and session.ask(f"Remove {model}? Type its name") != model:
        raise CommandFailed("nothing was removed")
    session.api(login=True).delete(f"{PLATFORM}/models/{path_part(model)}")
    talk(f"Removed {model}.")
