"""``covey catalogue``: models that can be fetched by name."""

from __future__ import annotations

from typing import Any

import click

from covey.cli.output import show_rows, size
from covey.cli.session import Session, pass_session


@click.command()
@click.argument("words", nargs=-1, metavar="[WORD]...")
@pass_session
def catalogue(session: Session, words: tuple[str, ...]) -> None:
    """Models that `covey pull` knows by name; with words, those that have all of them in name or description.

    \b
    Examples:
      covey catalogue
      covey catalogue qwen 0.5b
      covey catalogue -o json
    """
    items = [item for item in session.api(login=True).get("/covey/v1/catalogue")["items"] if _fits(item, words)]
    show_rows(
        items,
        [
            ("NAME", lambda item: item["name"]),
            ("SIZE", lambda item: size(item["size_bytes"])),
            ("LICENSE", lambda item: item.get("license")),
            ("HERE", lambda item: bool(item.get("installed"))),
            ("ABOUT", lambda item: item.get("description")),
        ],
        session.output,
    )


def _fits(item: dict[str, Any], words: tuple[str, ...]) -> bool:
    text = f"{item['name']} {item.get('description', '')}".lower()
    return all(word.lower() in text for word in words)
