"""``covey node``: nodes and workers."""

from __future__ import annotations

from typing import Any

import click

from covey.cli.api import path_part
from covey.cli.moments import Duration
from covey.cli.output import moment, show_item, show_rows, size, talk
from covey.cli.session import Session, pass_session

INVITATIONS = "/covey/v1/nodes/invitations"


@click.group()
def node() -> None:
    """Nodes and their workers (administrators)."""


@node.command("list")
@pass_session
def list_nodes(session: Session) -> None:
    """Every worker of every node, with its load; machines that joined also while they are away."""
    nodes = session.api(login=True).get("/covey/v1/nodes")["items"]
    instances: list[dict[str, Any]] = []
    for item in nodes:
        joined = {"joined_at": item["joined"]["joined_at"]} if item.get("joined") else {}
        away = [{"node": item["name"], "service": item["joined"]["kind"], "state": "away"}] if joined else []
        instances += [{**instance, **joined} for instance in item["instances"] or away]
    show_rows(
        instances,
        [
            ("NODE", lambda item: item["node"]),
            ("ROLE", lambda item: item["service"]),
            ("INSTANCE", lambda item: item.get("instance")),
            ("STATE", lambda item: item.get("state", "serving")),
            ("RUNNING", lambda item: item.get("load", {}).get("running", 0)),
            ("WAITING", lambda item: item.get("load", {}).get("waiting", 0)),
            ("CPU %", lambda item: item.get("cpu_percent")),
            ("MEMORY", lambda item: size(item.get("memory_bytes"))),
            ("VERSION", lambda item: item.get("version")),
            ("SINCE", lambda item: moment(item.get("started_at"))),
            ("JOINED", lambda item: moment(item.get("joined_at"))),
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


@node.command()
@click.option("--name", help="What the machine will be called; by its host name if left out.")
@click.option("--expires", type=Duration(), default="1h", show_default=True, help="How long it can be used.")
@click.option("--address", "addresses", multiple=True, metavar="HOST[:PORT]",
              help="Where it reaches this mesh; may be repeated. Without it: as the settings say.")  # fmt: skip
@pass_session
def invite(session: Session, name: str | None, expires: int, addresses: tuple[str, ...]) -> None:
    """Invite a machine to run models. Prints the one command to run there; it works once."""
    body: dict[str, Any] = {"expires_in_s": expires, "addresses": list(addresses)}
    if name is not None:
        body["name"] = name
    created = session.api(login=True).post(INVITATIONS, body)
    if session.output != "table":
        show_item(created, session.output)
        return
    until = moment(created["invitation"]["expires_at"])
    talk(f"Install Covey on the machine as the README says, then run this there before {until} UTC.")
    talk(f"It looks for this mesh at {', '.join(created['addresses'])}. The command is a secret until it was used.")
    click.echo(created["command"])


@node.command()
@pass_session
def invitations(session: Session) -> None:
    """Invitations of machines that are open."""
    answer = session.api(login=True).get(INVITATIONS)
    if not answer["accepts"] and session.output == "table":
        setting = answer.get("setting")
        talk(f"Machines cannot join here: start with --accept-nodes, or set {setting}." if setting
             else "Machines cannot join here: this gateway does not run the mesh itself.")  # fmt: skip
    show_rows(
        answer.get("items", []),
        [
            ("NAME", lambda item: item.get("name")),
            ("INVITED BY", lambda item: item.get("invited_by")),
            ("MADE", lambda item: moment(item["created_at"])),
            ("EXPIRES", lambda item: moment(item["expires_at"])),
            ("ID", lambda item: item["id"]),
        ],
        session.output,
    )


@node.command()
@click.argument("invitation_id")
@pass_session
def revoke(session: Session, invitation_id: str) -> None:
    """Revoke an invitation, by the id that `covey node invitations` shows."""
    session.api(login=True).delete(f"{INVITATIONS}/{path_part(invitation_id)}")
    talk("Revoked; nobody can join with it any more.")


@node.command()
@click.argument("name")
@pass_session
def rm(session: Session, name: str) -> None:
    """Take a machine that joined out of the mesh. Its connection ends at once, and it cannot come back uninvited."""
    session.api(login=True).delete(f"/covey/v1/nodes/{path_part(name)}")
    talk(f"{name} is out. To use it again, invite it, and run `covey join` there.")
