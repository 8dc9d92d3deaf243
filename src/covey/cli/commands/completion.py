"""``covey completion``: shell completion."""

from __future__ import annotations

import click

from covey.cli.output import talk

_INSTALL = {
    "bash": 'eval "$(covey completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(covey completion zsh)"    # in ~/.zshrc',
    "fish": "covey completion fish | source   # in ~/.config/fish/config.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_INSTALL)))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    from covey.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "covey", "_COVEY_COMPLETE").source())
    talk(f"# To use it always: {_INSTALL[shell]}")
