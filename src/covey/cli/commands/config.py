"""``covey config``: a node's settings."""

from __future__ import annotations

import json
from pathlib import Path

import click

from covey.cli.failures import CommandFailed


@click.group()
def config() -> None:
    """Check and show a node's settings."""


_file = click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))


@config.command()
@_file
def check(file: Path | None) -> None:
    """Say whether the settings are good; exit code 2 names what is not."""
    _load(file)
    click.echo("The settings are good.")


@config.command()
@_file
def show(file: Path | None) -> None:
    """Print the settings in force as JSON, secrets masked."""
    from covey.settings import masked

    click.echo(json.dumps(masked(_load(file)), indent=2, default=str))


def _load(file: Path | None) -> object:
    from covey.errors import BadSettings
    from covey.settings import load

    if file is None and Path("covey.toml").exists():
        file = Path("covey.toml")
    try:
        return load(file=file)
    except BadSettings as error:
        raise CommandFailed(error.detail, 2) from error
