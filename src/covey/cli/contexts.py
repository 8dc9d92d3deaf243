"""Where the service is and who is asking: named contexts, and the secrets that belong to them.

``contexts.json`` holds addresses and is harmless; ``credentials.json`` holds tokens and keys, for its owner alone.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from covey.cli.failures import NOT_FOUND, CommandFailed

DEFAULT_URL = "http://127.0.0.1:8080"


@dataclass
class Context:
    """One place to talk to."""

    name: str = "default"
    url: str = DEFAULT_URL
    ca_file: str | None = None
    model: str | None = None
    """Model used when a command names none."""


@dataclass
class Credentials:
    """At most one of a session and a key."""

    access_token: str | None = None
    refresh_token: str | None = None
    api_key: str | None = None

    @property
    def bearer(self) -> str | None:
        return self.api_key or self.access_token


@dataclass
class ContextFile:
    """All contexts of this user, below one folder."""

    folder: Path
    current: str = "default"
    contexts: dict[str, Context] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> ContextFile:
        values = _read(folder / "contexts.json")
        try:
            contexts = {name: Context(name=name, **fields) for name, fields in values.get("contexts", {}).items()}
        except TypeError as error:
            raise CommandFailed(f"{folder / 'contexts.json'} is damaged; repair or remove it") from error
        return cls(folder, values.get("current", "default"), contexts or {"default": Context()})

    def write(self) -> None:
        contexts = {
            name: {key: value for key, value in asdict(context).items() if key != "name"}
            for name, context in self.contexts.items()
        }
        _write(self.folder / "contexts.json", {"current": self.current, "contexts": contexts}, mode=0o644)

    def select(self, name: str | None) -> Context:
        """The context of that name, or the current one. Raises CommandFailed when there is none."""
        wanted = name or self.current
        if wanted not in self.contexts:
            known = ", ".join(sorted(self.contexts))
            raise CommandFailed(f"there is no context {wanted!r}; there are: {known}", NOT_FOUND)
        return self.contexts[wanted]

    def credentials(self, name: str) -> Credentials:
        return Credentials(**_read(self.folder / "credentials.json").get(name, {}))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the secrets alone, against other commands that renew the same session at this moment: a refresh token
        that is used twice ends its session."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.folder / "credentials.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def keep_credentials(self, name: str, credentials: Credentials | None) -> None:
        """Write, or with None forget, what belongs to a context."""
        path = self.folder / "credentials.json"
        values = _read(path)
        values.pop(name, None)
        if credentials is not None:
            values[name] = {key: value for key, value in asdict(credentials).items() if value}
        _write(path, values, mode=0o600)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{path} cannot be read; repair or remove it") from error
    return values if isinstance(values, dict) else {}


def _write(path: Path, values: dict[str, Any], *, mode: int) -> None:
    """Replace the file whole, never readable by others than ``mode`` says, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file, indent=2)
    part.replace(path)
