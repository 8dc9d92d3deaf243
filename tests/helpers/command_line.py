"""Runs the command line in this process and says what it printed and how it ended."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from covey.cli.main import main


@dataclass
class Ended:
    code: int
    out: str
    err: str


def covey(*arguments: str, folder: Path, stdin: str = "") -> Ended:
    out, err = io.StringIO(), io.StringIO()
    argv = ["covey", "--config-dir", str(folder), *arguments]
    with (
        mock.patch.object(sys, "argv", argv),
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stderr", err),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
    ):
        try:
            main()
        except SystemExit as ended:
            return Ended(int(ended.code or 0), out.getvalue(), err.getvalue())
    return Ended(0, out.getvalue(), err.getvalue())
