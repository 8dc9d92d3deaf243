"""``covey user keys`` and ``covey user sessions``: what opens another account, for administrators."""

from __future__ import annotations

import click

from covey.cli.api import path_part
from covey.cli.output import moment, show_rows, talk
from covey.cli.session import Session, pass_session
from covey.cli.users import user_path


@click.group()
def keys() -> None:
    """API keys of an account."""


@keys.command("list")
@click.argument("username")
@pass_session
def list_keys(session: Session, username: str) -> None:
    """The account's keys, revoked ones too.

    \b
    Example:
      covey user keys list robin
    """
    show_rows(
        session.api(login=True).get(f"{user_path(session, username)}/keys")["items"],
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


@keys.command()
@click.argument("username")
@click.argument("key_id")
@pass_session
def revoke(session: Session, username: str, key_id: str) -> None:
    """Revoke one of the account's keys; it stops working at once.

    \b
    Example:
      covey user keys revoke robin key_0a1b2c
    """
    session.api(login=True).delete(f"{user_path(session, username)}/keys/{path_part(key_id)}")
    talk("Revoked.")


@click.group()
def sessions() -> None:
    """Logins of an account."""


@sessions.command("list")
@click.argument("username")
@pass_session
def list_sessions(session: Session, username: str) -> None:
    """The account's sessions.

    \b
    Example:
      covey user sessions list robin
    """
    show_rows(
        session.api(login=True).get(f"{user_path(session, username)}/sessions")["items"],
        [
            ("ID", lambda item: item["id"]),
            ("LABEL", lambda item: item.get("label")),
            ("CREATED", lambda item: moment(item["created_at"])),
            ("LAST USED", lambda item: moment(item["last_used_at"])),
            ("EXPIRES", lambda item: moment(item["expires_at"])),
        ],
        session.output,
    )


@sessions.command()
@click.argument("username")
@pass_session
def end(session: Session, username: str) -> None:
    """End all of the account's sessions; its keys go on working.

    \b
    Example:
      covey user sessions end robin
    """
    session.api(login=True).delete(f"{user_path(session, username)}/sessions")
    talk(f"{username} is logged out everywhere.")
