"""The command line's root: global options, commands that are imported only when used, and how failures end."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from covey import __version__
from covey.cli.failures import BROKEN_PIPE, INTERRUPTED, CommandFailed
from covey.cli.session import Session

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("up", "Start a node: everything, in one process"),
    "join": ("join", "Join another Covey with an invitation, as a machine that runs models"),
    "status": ("status", "How the service is"),
    "doctor": ("doctor", "Look for what is wrong"),
    "auth": ("auth", "Register, log in, log out"),
    "key": ("key", "API keys"),
    "run": ("run", "Ask one question"),
    "chat": ("chat", "Talk with a model"),
    "ls": ("models", "List models"),
    "ps": ("models", "List loaded models and their load"),
    "show": ("models", "Show one model"),
    "pull": ("models", "Download a model; list and cancel downloads"),
    "rm": ("models", "Remove a model"),
    "catalogue": ("catalogue", "Models that can be downloaded by name"),
    "model": ("model_settings", "What is decided about models (administrators)"),
    "overview": ("overview", "The service at a glance (administrators)"),
    "node": ("node", "Nodes and their workers"),
    "user": ("user", "Accounts (administrators)"),
    "usage": ("usage", "What was used, by day, model and key"),
    "audit": ("usage", "Who changed what (administrators)"),
    "requests": ("usage", "The last requests, one by one"),
    "backup": ("backup", "Export the store of a node, stopped or running, to a file"),
    "restore": ("backup", "Import a backup into an empty node"),
    "context": ("context", "Which service to talk to"),
    "config": ("config", "Check and show a node's settings"),
    "completion": ("completion", "Shell completion for bash, zsh and fish"),
}
"""Command → the module below ``covey.cli.commands`` that has it, and its help line."""


FORMATS = ["table", "json", "jsonl", "csv"]


def _take_output(command: click.Command) -> None:
    """Let ``-o`` also follow the command, where people expect it."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _take_output(inner)
        return
    taken = {option for parameter in command.params for option in parameter.opts}
    if taken.isdisjoint(("-o", "--output")):
        command.params.append(
            click.Option(
                ["-o", "--output"],
                type=click.Choice(FORMATS),
                expose_value=False,
                callback=_set_output,
                help="How results are printed.",
            )  # fmt: skip
        )


def _set_output(ctx: click.Context, _: click.Parameter, value: Any) -> None:
    if value is not None:
        ctx.find_root().obj.output = value


class LazyGroup(click.Group):
    """Knows the commands by name and imports one when it is needed, so that ``--help`` stays quick."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # here, because click would take it for a failure
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(BROKEN_PIPE) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"covey.cli.commands.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        _take_output(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            nearest = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="covey")
@click.option("--context", "context_name", envvar="COVEY_CONTEXT", help="Use this context instead of the current one.")
@click.option("--url", envvar="COVEY_URL", help="Talk to this address instead of the context's.")
@click.option("--api-key", envvar="COVEY_API_KEY", help="Use this key instead of the login.")
@click.option(
    "-o", "--output", type=click.Choice(FORMATS), default="table", show_default=True,
    help="How results are printed; may follow the command too.",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show the HTTP exchange, secrets masked.")
@click.option("--no-input", is_flag=True, help="Never ask; fail instead.")
@click.option(
    "--config-dir", envvar="COVEY_CONFIG_DIR", type=click.Path(file_okay=False, path_type=Path), hidden=True,
    default=lambda: Path(click.get_app_dir("covey")),
)  # fmt: skip
@click.pass_context
def cli(ctx: click.Context, /, config_dir: Path, **options: Any) -> None:
    """Covey: one machine, or many, become one AI inference service."""
    ctx.obj = Session(config_dir, **options)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        code = cli.main(standalone_mode=False, prog_name="covey")
        sys.stdout.flush()
    except CommandFailed as failure:
        for line in failure.lines():
            click.echo(line, err=True)
        code = failure.exit_code
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.Abort:
        click.echo("Interrupted", err=True)
        code = INTERRUPTED
    except click.ClickException as failure:
        failure.show()
        code = failure.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = BROKEN_PIPE
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
