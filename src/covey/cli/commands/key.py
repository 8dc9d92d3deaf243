"""``covey key``: API keys."""

from __future__ import annotations

import click

from covey.cli.moments import Duration
from covey.cli.output import moment, show_item, show_rows, talk
from covey.cli.session import Session, pass_session

KEYS = "/covey/v1/keys"


@click.group()
def key() -> None:
    """API keys for programs."""


@key.command()
@click.argument("name")
@click.option("--expires", type=Duration(), help="When it stops working, for example 30d; never if left out.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(["inference", "account", "admin"]))
@click.option("--model", "models", multiple=True, help="Only this model; may be repeated.")
@pass_session
def create(session: Session, name: str, expires: int | None, scopes: tuple[str, ...], models: tuple[str, ...]) -> None:
    """Make a key. Its secret is printed once, on standard output."""
    body: dict[str, object] = {"name": name}
    if expires:
        body["expires_in_s"] = expires
    if scopes:
        body["scopes"] = list(scopes)
    if models:
        body["models"] = list(models)
    created = session.api(login=True).post(KEYS, body)
    if session.output == "table":
        talk(f"Made {created['key']['id']}. Keep the secret now; it is not shown again.")
        click.echo(created["secret"])
    else:
        show_item(created, session.output)


@key.command("list")
@pass_session
def list_keys(session: Session) -> None:
    """Your keys."""
    show_rows(
        session.api(login=True).get(KEYS)["items"],
        [
            ("ID", lambda item: item["id"]),
            ("NAME", lambda item: item["name"]),
            ("PREFIX", lambda item: item["prefix"] + "…"),
            ("SCOPES", lambda item: item.get("scopes", ["inference"])),
            ("MODELS", lambda item: item.get("models") or "all"),
            ("EXPIRES", lambda item: moment(item.get("expires_at"))),
            ("LAST USED", lambda item: moment(item.get("last_used_at"))),
            ("REVOKED", lambda item: moment(item.get("revoked_at"))),
        ],
        session.output,
    )


@key.command()
@click.argument("key_id")
@pass_session
def revoke(session: Session, key_id: str) -> None:
    """Revoke a key; it stops working at once."""
    session.api(login=True).delete(f"{KEYS}/{key_id}")
    talk("Revoked.")
