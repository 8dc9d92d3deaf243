"""A line on the terminal that says that a model is being loaded, while a command waits for its answer."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from covey.cli.api import Api, path_part
from covey.cli.failures import CommandFailed

PATIENCE_S = 0.4
"""How long to wait for the answer before the model's state is asked for."""
INTERVAL_S = 1.0
JOIN_S = 2.0
CLEAR = "\r\x1b[K"


class LoadingLine:
    """Written by a thread of its own, and gone with the first word of the answer."""

    def __init__(self, api: Api, model: str, terminal: TextIO) -> None:
        self._api = api
        self._model = model
        self._name = "".join(character if character.isprintable() else "�" for character in model)
        self._terminal = terminal
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._shown = False
        self._thread = threading.Thread(target=self._watch, name="loading line", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def clear(self) -> None:
        """Nothing is written any more. Cheap when it has been called before."""
        if self._over.is_set():
            return
        with self._writing:
            self._over.set()
            if self._shown:
                self._write(CLEAR)

    def join(self) -> None:
        self._thread.join(JOIN_S)

    def _watch(self) -> None:
        began = time.monotonic()
        wait_s = PATIENCE_S
        while not self._over.wait(wait_s):
            if not self._loads():
                return
            with self._writing:
                if not self._over.is_set():
                    self._shown = True
                    self._write(f"{CLEAR}{self._name} is being loaded: {time.monotonic() - began:.0f} s")
            wait_s = INTERVAL_S

    def _loads(self) -> bool:
        try:
            found = self._api.get(f"/covey/v1/models/{path_part(self._model)}")
        except CommandFailed:  # the answer itself tells what is wrong
            return False
        return found["model"]["state"] in ("cold", "loading")

    def _write(self, text: str) -> None:
        self._terminal.write(text)
        self._terminal.flush()


@contextmanager
def loading_line(api: Api, model: str) -> Iterator[Callable[[], None]]:
    """Gives what clears the line. On anything but a terminal there is no line, and the model is not asked for."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    line = LoadingLine(api, model, sys.stderr)
    line.start()
    try:
        yield line.clear
    finally:
        line.clear()
        line.join()
