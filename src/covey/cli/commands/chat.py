"""``covey chat``: a conversation in the terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from covey.cli.failures import CommandFailed
from covey.cli.generation import generate, parse_parameter, tell_statistics, write_to_stdout
from covey.cli.output import talk
from covey.cli.session import Session, default_model, pass_session

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

HELP = {
    "/model [NAME]": "show or change the model",
    "/models": "list the models",
    "/system [TEXT]": "show or set the system prompt",
    "/set NAME=VALUE": "set a parameter, for example temperature=0.2",
    "/new": "begin anew",
    "/retry": "answer the last question again",
    "/save FILE": "write the conversation as JSON",
    "/load FILE": "go on with a saved conversation",
    "/stats": "switch the figures after each answer on or off",
    "/help": "this list",
    "/bye": "leave (also Ctrl-D)",
}


@dataclass
class Chat:
    """The conversation's state; commands change it."""

    session: Session
    model: str
    system: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    stats: bool = False

    def body(self) -> dict[str, Any]:
        system = [{"role": "system", "content": self.system}] if self.system else []
        return {**self.parameters, "model": self.model, "messages": [*system, *self.messages]}

    def ask(self, text: str) -> None:
        """Send a message and print the answer; on a failure the message is taken back, so that it can be sent again."""
        self.messages.append({"role": "user", "content": text})
        self._answer()

    def retry(self) -> None:
        if self.messages and self.messages[-1]["role"] == "assistant":
            self.messages.pop()
        if self.messages:
            self._answer()
        else:
            talk("There is nothing to answer yet.")

    def _answer(self) -> None:
        try:
            answer = generate(self.session.api(), self.body(), write_to_stdout)
        except CommandFailed as failure:
            self.messages.pop()
            for line in failure.lines():
                talk(line)
            return
        click.echo()
        if answer.interrupted:
            talk("(stopped)")
        if answer.text:
            self.messages.append({"role": "assistant", "content": answer.text})
        if self.stats:
            tell_statistics(answer)

    def command(self, line: str) -> bool:
        """Carry out a slash command; False when the person wants to leave."""
        name, _, argument = line.partition(" ")
        argument = argument.strip()
        if name in ("/bye", "/exit", "/quit"):
            return False
        handler = {
            "/model": self._model, "/models": self._models, "/system": self._system, "/set": self._set,
            "/new": self._new, "/retry": lambda _argument: self.retry(), "/save": self._save, "/load": self._load,
            "/stats": self._stats, "/help": self._help, "/?": self._help,
        }.get(name)  # fmt: skip
        if handler is None:
            talk(f"There is no command {name}; /help lists them.")
        else:
            handler(argument)
        return True

    def _model(self, argument: str) -> None:
        if argument:
            self.model = argument
        talk(f"Model: {self.model}")

    def _models(self, _argument: str) -> None:
        for item in self.session.api().get("/covey/v1/models")["items"]:
            talk(f"{item['model']['name']}  {item['model'].get('state', '')}")

    def _system(self, argument: str) -> None:
        if argument:
            self.system = argument
        talk(f"System prompt: {self.system or '-'}")

    def _set(self, argument: str) -> None:
        try:
            name, value = parse_parameter(argument)
        except ValueError as error:
            talk(str(error))
            return
        self.parameters[name] = value
        talk(f"{name} = {value}")

    def _new(self, _argument: str) -> None:
        self.messages.clear()
        talk("A new conversation.")

    def _save(self, argument: str) -> None:
        try:
            state = {"model": self.model, "system": self.system, "messages": self.messages}
            Path(argument or "chat.json").write_text(json.dumps(state, indent=2))
            talk(f"Saved to {argument or 'chat.json'}.")
        except OSError as error:
            talk(f"It cannot be written: {error.strerror}")

    def _load(self, argument: str) -> None:
        try:
            state = json.loads(Path(argument or "chat.json").read_text())
            self.model, self.system, self.messages = state["model"], state["system"], list(state["messages"])
            talk(f"Loaded {len(self.messages)} messages.")
        except (OSError, ValueError, KeyError, TypeError):
            talk("That is not a saved conversation.")

    def _stats(self, _argument: str) -> None:
        self.stats = not self.stats
        talk(f"Figures are {'on' if self.stats else 'off'}.")

    def _help(self, _argument: str) -> None:
        for name, meaning in HELP.items():
            talk(f"  {name:<18} {meaning}")
        talk('  """ begins and ends a text of several lines; Alt-Enter adds a line; Ctrl-C stops an answer.')


@click.command()
@click.argument("model", required=False)
@click.option("-s", "--system", default="", help="System prompt.")
@click.option("--stats", is_flag=True, help="Figures after each answer.")
@pass_session
def chat(session: Session, model: str | None, system: str, stats: bool) -> None:
    """Talk with a model."""
    session.api(login=True)
    state = Chat(session, default_model(session, model), system, stats=stats)
    prompt = _prompt_session(session)
    talk(f"{state.model}. /help lists the commands, Ctrl-D leaves.")
    while True:
        try:
            text = _read(prompt)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if not text.strip():
            continue
        if text.startswith("/") and "\n" not in text:
            if not state.command(text.strip()):
                return
        else:
            state.ask(text)


def _prompt_session(session: Session) -> PromptSession[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: Any) -> None:
        event.current_buffer.insert_text("\n")

    session.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return PromptSession(
        history=FileHistory(str(session.folder / "chat_history")),
        completer=WordCompleter([name.split()[0] for name in HELP], sentence=True),
        complete_while_typing=False,
        enable_open_in_editor=True,
        key_bindings=keys,
    )


def _read(prompt: PromptSession[str]) -> str:
    text = prompt.prompt("> ")
    if not text.lstrip().startswith('"""'):
        return text
    lines = [text.lstrip()[3:]]
    while not lines[-1].rstrip().endswith('"""') or (len(lines) == 1 and not lines[0].rstrip()):
        lines.append(prompt.prompt(". "))
    return "\n".join(lines).strip().removesuffix('"""').strip()
