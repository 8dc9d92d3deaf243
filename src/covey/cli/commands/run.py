"""``covey run``: one question, one answer."""

from __future__ import annotations

import base64
import json
import mimetypes
import sys
from pathlib import Path
from typing import IO, Any

import click

from covey.cli.failures import INTERRUPTED, CommandFailed
from covey.cli.generation import generate, parse_parameter, tell_statistics, write_to_stdout
from covey.cli.session import Session, default_model, pass_session


@click.command()
@click.argument("words", nargs=-1, metavar="[MODEL] [PROMPT]...")
@click.option("-m", "--model", help="The model; otherwise the first word when it names one, or the default.")
@click.option("-s", "--system", help="System prompt.")
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="For example temperature=0.2."
)
@click.option("-a", "--attach", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="An image, or a text file put before the prompt.")  # fmt: skip
@click.option("--json-schema", type=click.File(), help="A file with the JSON Schema of the answer.")
@click.option("--stats", is_flag=True, help="Say how long it took, on standard error.")
@pass_session
@click.pass_context
def run(ctx: click.Context, session: Session, /, words: tuple[str, ...], model: str | None, **options: Any) -> None:
    """Ask one question; a pipe into it is put before the prompt, - reads the prompt from it.

    \b
    covey run "Why is the sky blue?"
    covey run smollm2 "Why is the sky blue?"
    cat error.log | covey run "What is wrong here?"
    """
    api = session.api(login=True)
    chosen, rest = _model_and_words(session, model, words)
    prompt = _prompt(" ".join(rest))
    body: dict[str, Any] = {"model": chosen, "messages": _messages(prompt, options)}
    try:
        body |= dict(parse_parameter(text) for text in options["parameters"])
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if options["json_schema"]:
        schema = _schema(options["json_schema"])
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    streaming = session.output == "table"
    answer = generate(api, body, write_to_stdout if streaming else lambda _piece: None)
    if streaming:
        click.echo()
    else:
        click.echo(json.dumps({"model": chosen, "text": answer.text, "usage": answer.usage}))
    if options["stats"]:
        tell_statistics(answer)
    if answer.interrupted:
        ctx.exit(INTERRUPTED)


def _schema(file: IO[str]) -> Any:
    try:
        return json.load(file)
    except ValueError as error:
        raise CommandFailed(f"{file.name} is not valid JSON: {error}", 2) from error


def _model_and_words(session: Session, model: str | None, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """With two words or more, the first one is the model if the service knows it by that name."""
    if model is None and len(words) >= 2 and " " not in words[0]:
        items = session.api().get("/covey/v1/models")["items"]
        names = {name for item in items for name in (item["model"]["name"], *item["model"].get("aliases", ()))}
        if words[0] in names:
            return words[0], words[1:]
    return default_model(session, model), words


def _prompt(words: str) -> str:
    piped = "" if sys.stdin.isatty() else sys.stdin.read()
    if words == "-":
        words = ""
    prompt = "\n\n".join(part for part in (piped.strip("\n"), words) if part)
    if not prompt:
        raise click.UsageError("there is no prompt")
    return prompt


def _messages(prompt: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    images: list[dict[str, Any]] = []
    for path in options["attach"]:
        kind = mimetypes.guess_type(path.name)[0] or "text/plain"
        if kind.startswith("image/"):
            data = base64.b64encode(path.read_bytes()).decode()
            images.append({"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}})
        else:
            try:
                prompt = f"{path.name}:\n```\n{path.read_text()}\n```\n\n{prompt}"
            except UnicodeDecodeError as error:
                raise CommandFailed(f"{path} is neither an image nor text", 2) from error
    content: Any = [{"type": "text", "text": prompt}, *images] if images else prompt
    system = [{"role": "system", "content": options["system"]}] if options["system"] else []
    return [*system, {"role": "user", "content": content}]
