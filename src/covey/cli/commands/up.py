"""``covey up``: start a node and stay with it until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from covey.cli.contexts import DEFAULT_URL
from covey.cli.failures import CommandFailed, placed_problem

if TYPE_CHECKING:
    from covey.assembly import ReadyNode
    from covey.protocol.settings import Origin
    from covey.settings import Settings

ROLES = ("mesh", "auth", "gateway", "client", "processor", "bridge")


@click.command()
@click.option("-c", "--config", "file", type=click.Path(dir_okay=False, path_type=Path),
              help="Settings file; covey.toml in this folder if there is one.")  # fmt: skip
@click.option("--data-dir", help="Where everything that has to last is kept.")
@click.option("--log-dir", help="Where event.log and error.log are written.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES),
              help="Run only this part; may be repeated. Without it: everything.")  # fmt: skip
@click.option("--accept-nodes", is_flag=False, flag_value="0.0.0.0:7422", metavar="[HOST:PORT]",
              help="Let other machines join, in TLS on this address; 0.0.0.0:7422 when none is given.")  # fmt: skip
@click.option("--nats-url", help="Use this NATS server instead of starting one.")
@click.option("--model-file", type=click.Path(dir_okay=False, exists=True), help="A GGUF file to serve.")
@click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any setting, for example bridge.port=9000."
)
@click.option("--smoke", is_flag=True, help="Answer one prompt when ready, to show that all is well.")
def up(file: Path | None, roles: tuple[str, ...], smoke: bool, **flags: Any) -> None:
    """Start a node: everything in one process, or the named roles.

    Settings come from the defaults, then covey.toml, then COVEY__… in the environment, then these options.
    """
    settings, origins = settings_of(file, flags)
    start(settings, origins, roles, smoke=smoke)


def start(settings: Settings, origins: dict[str, Origin], roles: tuple[str, ...], *, smoke: bool = False) -> None:
    """Run the node until it is told to stop."""
    from covey.assembly import roles_of, run
    from covey.errors import BadSettings, CoveyError

    try:
        code = run(settings, roles_of(settings, roles), smoke=smoke, on_ready=_tell, origins=origins)
    except CoveyError as error:
        raise CommandFailed(
            placed_problem(error.detail, error.param), 2 if isinstance(error, BadSettings) else 1
        ) from error
    if code:
        raise click.exceptions.Exit(code)


def settings_of(file: Path | None, flags: dict[str, Any]) -> tuple[Settings, dict[str, Origin]]:
    """The settings of a node from file, environment and options, and where each was given."""
    from covey.errors import BadSettings
    from covey.settings import load, origins_of

    overrides: dict[str, Any] = {}
    for text in flags["settings"]:
        path, separator, value = text.partition("=")
        if not separator:
            raise click.UsageError(f"--set {text}: PATH=VALUE is needed")
        overrides[path] = _value(path, value)
    direct = {
        "node.data_dir": flags.get("data_dir"),
        "log.directory": flags.get("log_dir"),
        "bridge.host": flags.get("host"),
        "bridge.port": flags.get("port"),
        "mesh.url": flags.get("nats_url"),
        "mesh.server.join.address": flags.get("accept_nodes"),
        "processor.model_file": flags.get("model_file"),
    }
    overrides |= {path: value for path, value in direct.items() if value is not None}
    if file is None and Path("covey.toml").exists():
        file = Path("covey.toml")
    try:
        return load(file=file, overrides=overrides), origins_of(file=file, overrides=overrides)
    except BadSettings as error:
        raise CommandFailed(error.detail, 2) from error


def _value(path: str, text: str) -> Any:
    """A value as it was typed; what begins with [ or { is JSON."""
    if text[:1] not in ("[", "{"):
        return text
    import json

    try:
        return json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--set {path}: not valid JSON") from error


def _tell(ready: ReadyNode) -> None:
    """What a person sees once the node serves."""
    if ready.joined is not None:
        click.echo(f"Covey is up: {ready.joined}, a processor of the mesh that it joined, after {ready.start_s:.2f} s."
                   " Ctrl-C stops.")  # fmt: skip
        return
    if ready.url is None:
        click.echo(f"Covey is up: {', '.join(ready.roles)}, after {ready.start_s:.2f} s.")
        return
    click.echo(f"\nCovey is up: {ready.url}   (ready after {ready.start_s:.2f} s)\n")
    if ready.first_account:
        click.echo("  There is no account yet. The first one becomes the administrator:")
        if ready.url != DEFAULT_URL:
            click.echo(f"      covey context save default {ready.url}")
        click.echo('      covey auth register        then: covey run "Why is the sky blue?"\n')
    if ready.smoke is not None:
        click.echo(f"  {ready.smoke.model} says: {ready.smoke.text!r}")
        click.echo(f"  {ready.smoke.tokens} tokens, {ready.smoke.tokens_per_s:.1f} tokens/s, "
                   f"first after {ready.smoke.first_token_s:.2f} s\n")  # fmt: skip
    if ready.smoke_problem is not None:
        click.echo(f"  The prompt to try it with was not answered: {ready.smoke_problem}\n")
    click.echo("  OpenAI-compatible clients: base URL "
               f"{ready.url}/v1, key from `covey key create NAME`. Ctrl-C stops.")  # fmt: skip
