"""``covey model settings``: what administrators decide about models."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import click

from covey.cli.api import path_part
from covey.cli.generation import parse_parameter
from covey.cli.output import moment, show_item, talk
from covey.cli.session import Session, pass_session
from covey.cli.users import user_id_of

DECIDED = ("aliases", "sampling", "system_prompt", "description", "hidden", "access")


@click.group()
def model() -> None:
    """What is decided about models (administrators)."""


@model.group()
def settings() -> None:
    """Default parameters, further names, access."""


@settings.command()
@click.argument("name", metavar="MODEL")
@pass_session
def show(session: Session, name: str) -> None:
    """Show what was decided about a model.

    \b
    Example:
      covey model settings show llama3.2
    """
    _show(session, session.api(login=True).get(_path(name)))


@settings.command("set")
@click.argument("name", metavar="MODEL")
@click.option("--alias", "aliases", multiple=True, help="A further name; all that are given replace the present ones.")
@click.option("--no-aliases", is_flag=True, help="No further names.")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
              help="A default, for example temperature=0.2; without VALUE the engine's own.")  # fmt: skip
@click.option("--system", "system_prompt", help='Put first where a chat brings none of its own; "" for none.')
@click.option(
    "--system-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The same from a file."
)
@click.option("--description", help='For lists; "" for none.')
@click.option("--hidden/--shown", default=None, help="Whether it is kept from everybody but administrators.")
@click.option("--access", type=click.Choice(["all", "users", "roles"]), help="Who may use it.")
@click.option("--user", "users", multiple=True, help="With --access users: who, by name or id.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(["admin", "member"]), help="With --access roles: whose."
)
@pass_session
def set_settings(session: Session, /, name: str, **options: Any) -> None:
    """Change what is decided about a model; what is not named stays as it is.

    \b
    Examples:
      covey model settings set llama3.2 -p temperature=0.2 -p top_p=0.9
      covey model settings set llama3.2 --alias fast --description "For short questions"
      covey model settings set big --access users --user robin --user ada
      covey model settings set llama3.2 -p temperature=      (back to the engine's own)
    """
    api = session.api(login=True)
    present: dict[str, Any] = api.get(_path(name))
    body = {field: present[field] for field in DECIDED if present.get(field) is not None}
    if options["aliases"] or options["no_aliases"]:
        body["aliases"] = list(options["aliases"])
    body["sampling"] = _sampling(present.get("sampling") or {}, options["parameters"])
    if options["system_file"] is not None:
        options["system_prompt"] = options["system_file"].read_text()
    for field in ("system_prompt", "description"):
        if options[field] is not None:
            body[field] = options[field] or None
    if options["hidden"] is not None:
        body["hidden"] = options["hidden"]
    access = _access(session, options)
    if access is not None:
        body["access"] = access
    _show(session, api.request("PUT", _path(name), body=body))


@settings.command()
@click.argument("name", metavar="MODEL")
@pass_session
def reset(session: Session, name: str) -> None:
    """Take back everything that was decided about a model."""
    session.api(login=True).delete(_path(name))
    talk("Taken back.")


def _path(name: str) -> str:
    return f"/covey/v1/models/{path_part(name)}/settings"


def _sampling(present: dict[str, Any], parameters: tuple[str, ...]) -> dict[str, Any]:
    wanted = dict(present)
    for text in parameters:
        try:
            parameter, value = parse_parameter(text)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        if present and parameter not in present:
            nearest = difflib.get_close_matches(parameter, present, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"there are: {', '.join(sorted(present))}"
            raise click.UsageError(f"there is no parameter {parameter!r}; {hint}")
        wanted[parameter] = None if value == "" else value
    return {parameter: value for parameter, value in wanted.items() if value not in (None, [])}


def _access(session: Session, options: dict[str, Any]) -> dict[str, Any] | None:
    kind, users, roles = options["access"], options["users"], options["roles"]
    kind = kind or ("users" if users else "roles" if roles else None)
    if kind is None:
        return None
    if (users and kind != "users") or (roles and kind != "roles"):
        raise click.UsageError("--user goes with --access users, --role with --access roles")
    access: dict[str, Any] = {"kind": kind}
    if users:
        access["users"] = [user_id_of(session, each) for each in users]
    if roles:
        access["roles"] = list(roles)
    return access


def _show(session: Session, found: dict[str, Any]) -> None:
    access = found.get("access") or {}
    whom = [*access.get("users", ()), *access.get("roles", ())]
    sampling = {name: value for name, value in (found.get("sampling") or {}).items() if value not in (None, [])}
    show_item(
        found,
        session.output,
        [
            ("model", found["model"]),
            ("aliases", found.get("aliases")),
            ("parameters", [f"{name}={json.dumps(value)}" for name, value in sampling.items()]),
            ("system prompt", found.get("system_prompt")),
            ("description", found.get("description")),
            ("hidden", bool(found.get("hidden"))),
            ("access", access.get("kind", "all") + (f": {', '.join(whom)}" if whom else "")),
            ("decided", moment(found.get("updated_at"))),
        ],
    )
