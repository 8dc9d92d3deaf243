"""``covey join``: make this machine a processor node of a Covey that runs elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from covey.cli.commands.up import settings_of, start
from covey.cli.failures import CommandFailed


@click.command()
@click.argument("token")
@click.option("--name", help="What this machine is called there, if the invitation does not say; its host name.")
@click.option("-c", "--config", "file", type=click.Path(dir_okay=False, path_type=Path),
              help="Settings file; covey.toml in this folder if there is one.")  # fmt: skip
@click.option("--data-dir", help="Where the identity of this machine and its models are kept.")
@click.option("--log-dir", help="Where event.log and error.log are written.")
@click.option("--model-file", type=click.Path(dir_okay=False, exists=True), help="A GGUF file to serve.")
@click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE",
    help="Any setting, for example engines.llamacpp.threads=8.",
)  # fmt: skip
@click.option("--no-start", is_flag=True, help="Join only; `covey up` starts it later.")
def join(token: str, name: str | None, file: Path | None, no_start: bool, **flags: Any) -> None:
    """Join with an invitation, then serve models until told to stop.

    TOKEN comes from `covey node invite`, or from "Add a node" in the web interface. It is needed once: afterwards
    `covey up` with the same data directory connects again by itself. "-" reads it from standard input.
    """
    import covey.assembly
    from covey.errors import CoveyError

    settings, origins = settings_of(file, flags)
    if token == "-":
        token = sys.stdin.readline()
    try:
        membership = covey.assembly.join(settings, token, name)
    except CoveyError as error:
        where = f" ({error.param})" if error.param and error.param != "token" else ""
        raise CommandFailed(f"{error.detail}{where}") from error
    click.echo(f"Joined as {membership.node}, by way of {membership.addresses[0]}.")
    if no_start:
        click.echo("`covey up` starts it.")
        return
    start(settings, origins, ())
