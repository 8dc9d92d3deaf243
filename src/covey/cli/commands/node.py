"""``covey node``: nodes and workers."""

from __future__ import annotations

from typing import Any

import click

from covey.cli.api import path_part
from covey.cli.output import moment, show_rows, size, talk
from covey.cli.session import Session, pass_session


@click.group()
def node() -> None:
    """Nodes and their workers (administrators)."""


@node.command("list")
@pass_session
def list_nodes(session: Session) -> None:
    """Every worker of every node, with its load."""
    nodes = session.api(login=True).get("/covey/v1/nodes")["items"]
    instances: list[dict[str, Any]] = [instance for item in nodes for instance in item["instances"]]
    show_rows(
        instances,
        [
            ("NODE", lambda item: item["node"]),
            ("ROLE", lambda item: item["service"]),
            ("INSTANCE", lambda item: item["instance"]),
            ("STATE", lambda item: item.get("state", "serving")),
            ("RUNNING", lambda item: item.get("load", {}).get("running", 0)),
            ("WAITING", lambda item: item.get("load", {}).get("waiting", 0)),
            ("CPU %", lambda item: item.get("cpu_percent")),
            ("MEMORY", lambda item: size(item.get("memory_bytes"))),
            ("VERSION", lambda item: item.get("version")),
            ("SINCE", lambda item: moment(item.get("started_at"))),
        ],
        session.output,
    )


@node.command()
@click.argument("name")
@pass_session
def drain(session: Session, name: str) -> None:
    """Have a node finish what it has and take nothing new, until it is resumed or started again."""
    session.api(login=True).post(f"/covey/v1/nodes/{path_part(name)}/drain", {})
    talk(f"{name} takes no new requests; `covey node list` shows what it still runs.")


@node.command()
@click.argument("name")
@pass_session
def resume(session: Session, name: str) -> None:
    """Have a drained node take requests again."""
    session.api(login=True).post(f"/covey/v1/nodes/{path_part(name)}/resume", {})
    talk(f"{name} takes requests again.")
