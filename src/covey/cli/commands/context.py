"""``covey context``: which service to talk to."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from covey.cli.contexts import Context
from covey.cli.failures import CommandFailed
from covey.cli.output import show_rows, talk
from covey.cli.session import Session, pass_session


@click.group()
def context() -> None:
    """Which service to talk to."""


@context.command("list")
@pass_session
def list_contexts(session: Session) -> None:
    """All contexts; the current one is marked."""
    contexts = session.contexts()
    items = [
        {"name": item.name, "url": item.url, "model": item.model, "current": item.name == contexts.current}
        for item in contexts.contexts.values()
    ]
    show_rows(
        items,
        [
            ("NAME", lambda item: item["name"]),
            ("URL", lambda item: item["url"]),
            ("MODEL", lambda item: item["model"]),
            ("CURRENT", lambda item: item["current"]),
        ],
        session.output,
    )


@context.command()
@click.argument("name")
@click.argument("url")
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False), help="Certificate authority to trust.")
@click.option("--model", help="Model used when a command names none.")
@pass_session
def save(session: Session, name: str, url: str, ca_file: str | None, model: str | None) -> None:
    """Add or change a context, and make it the current one."""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise CommandFailed("the address has to begin with http:// or https://", 2)
    contexts = session.contexts()
    if name in contexts.contexts and contexts.contexts[name].url.rstrip("/") != url.rstrip("/"):
        contexts.keep_credentials(name, None)
    contexts.contexts[name] = Context(name, url, ca_file, model)
    contexts.current = name
    contexts.write()
    talk(f"Now using {name}: {url}")


@context.command()
@click.argument("name")
@pass_session
def use(session: Session, name: str) -> None:
    """Make a context the current one."""
    contexts = session.contexts()
    contexts.current = contexts.select(name).name
    contexts.write()
    talk(f"Now using {name}: {contexts.contexts[name].url}")


@context.command()
@click.argument("name")
@pass_session
def delete(session: Session, name: str) -> None:
    """Forget a context and its secrets."""
    contexts = session.contexts()
    contexts.select(name)
    del contexts.contexts[name]
    if contexts.current == name:
        contexts.current = next(iter(contexts.contexts), "default")
    contexts.write()
    contexts.keep_credentials(name, None)
    talk(f"Forgot {name}.")
