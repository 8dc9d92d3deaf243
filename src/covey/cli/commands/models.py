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
@click.argument("model", required=False)
@click.option("--sha256", help="Refuse the file unless it has this digest.")
@click.option("--name", help="What to call it here.")
@click.option("--detach", is_flag=True, help="Let it go on when this command ends, or is interrupted.")
@click.option("--list", "listing", is_flag=True, help="List the downloads that are under way.")
@click.option("--cancel", "pull_id", metavar="ID", help="End a download; what has come is kept for the next time.")
@pass_session
def pull(session: Session, /, model: str | None, listing: bool, pull_id: str | None, **options: Any) -> None:
    """Download a model, or go on with a download that was interrupted (administrators).

    \b
    Examples:
      covey pull qwen2.5:0.5b
      covey pull --list
      covey pull --cancel pull_0a1b2c
    """
    if sum((model is not None, listing, pull_id is not None)) != 1:
        raise click.UsageError("give a model, or --list, or --cancel with an id")
    if listing:
        _list_pulls(session)
    elif pull_id is not None:
        session.api(login=True).delete(f"{PLATFORM}/pulls/{path_part(pull_id)}")
        talk("Cancelled.")
    else:
        _pull(session, {"model": model, **{name: value for name, value in options.items() if value}})


def _list_pulls(session: Session) -> None:
    show_rows(
        session.api(login=True).get(f"{PLATFORM}/pulls")["items"],
        [
            ("ID", lambda item: item["id"]),
            ("MODEL", lambda item: item["model"]),
            ("NODE", lambda item: item["node"]),
            ("SINCE", lambda item: moment(item["started_at"])),
            ("STATE", lambda item: item["progress"]["status"]),
            ("DONE", lambda item: size(item["progress"].get("completed_bytes"))),
            ("OF", lambda item: size(item["progress"].get("total_bytes"))),
        ],
        session.output,
    )


def _pull(session: Session, body: dict[str, Any]) -> None:
    if body.pop("detach", False):
        body["detached"] = True
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
