"""What the global options come to: the context, the credential, the output format."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from covey.cli.contexts import Context, ContextFile, Credentials
from covey.cli.failures import UNAUTHENTICATED, CommandFailed

if TYPE_CHECKING:
    from covey.cli.api import Api
    from covey.cli.output import Format

CommandT = TypeVar("CommandT")


@dataclass
class Session:
    """Handed to every command as click's object; the HTTP client is made at its first use."""

    folder: Path
    context_name: str | None = None
    url: str | None = None
    api_key: str | None = None
    output: Format = "table"
    debug: bool = False
    no_input: bool = False
    _api: Api | None = field(default=None, repr=False)

    def contexts(self) -> ContextFile:
        return ContextFile.read(self.folder)

    def context(self) -> Context:
        context = self.contexts().select(self.context_name)
        return Context(context.name, self.url, context.ca_file, context.model) if self.url else context

    def api(self, *, login: bool = False) -> Api:
        """The client. With ``login``: raises CommandFailed at once when there is no credential."""
        if self._api is None:
            from covey.cli.api import Api

            contexts = self.contexts()
            context = self.context()
            if self.api_key:
                credentials = Credentials(api_key=self.api_key)
            elif self.url and self.url.rstrip("/") != contexts.select(self.context_name).url.rstrip("/"):
                credentials = Credentials()  # a context's secret never goes to another address
            else:
                credentials = contexts.credentials(context.name)
            self._api = Api(context, contexts, credentials, debug=self.debug)
        if login and not self._api.has_credential:
            raise CommandFailed("you are not logged in", UNAUTHENTICATED)
        return self._api

    def ask(self, question: str, *, secret: bool = False, confirm: bool = False) -> str:
        """Ask the person; without a terminal, or with --no-input, that is an error."""
        import sys

        if self.no_input or not sys.stdin.isatty():
            raise CommandFailed(f"{question.lower()} is needed, and nobody can be asked", 2)
        return str(click.prompt(question, hide_input=secret, confirmation_prompt=confirm, err=True))


pass_session = click.make_pass_decorator(Session)


def default_model(session: Session, model: str | None) -> str:
    """The model a command uses when none was named: the context's, else the service's default."""
    chosen = model or session.context().model
    if chosen:
        return chosen
    items: list[dict[str, Any]] = session.api().get("/covey/v1/models")["items"]
    usable = [item["model"] for item in items if "embedding" not in item["model"].get("capabilities", ["chat"])[:1]]
    preferred = [item for item in usable if item.get("is_default")] or usable
    if not preferred:
        raise CommandFailed("the service has no model yet; `covey pull` gets one", 3)
    return str(preferred[0]["name"])
