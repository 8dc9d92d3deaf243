"""``covey config``: a node's settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from covey.cli.failures import CommandFailed, placed_problem
from covey.cli.output import flat, show_item, talk
from covey.cli.session import Session, pass_session

if TYPE_CHECKING:
    from covey.settings import Settings


@click.group()
def config() -> None:
    """Check and show a node's settings."""


_file = click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))


@config.command()
@_file
def check(file: Path | None) -> None:
    """Say whether the settings are good; exit code 2, and what is not."""
    from covey.assembly import check_parts
    from covey.errors import BadSettings

    settings = _load(file)
    try:
        check_parts(settings)
    except BadSettings as error:
        raise CommandFailed(placed_problem(error.detail, error.param), 2) from error
    talk("The settings are good.")


@config.command()
@_file
@pass_session
def show(session: Session, file: Path | None) -> None:
    """Print the settings in force, secrets masked."""
    from covey.settings import masked

    values: dict[str, Any] = masked(_load(file))
    show_item(values, session.output, flat(values).items())


def _load(file: Path | None) -> Settings:
    from covey.errors import BadSettings
    from covey.settings import load

    if file is None and Path("covey.toml").exists():
        file = Path("covey.toml")
    try:
        return load(file=file)
    except BadSettings as error:
        raise CommandFailed(error.detail, 2) from error
