"""The web interface in Chromium: time to the first paint, from a key to the next paint, and what frames cost.

``./dev bench web_interface`` (``--rounds 3``). Covey serves it from one process; the answers come from an engine that
streams Markdown at a set pace; nothing is throttled. The figures are those of this machine; ``measure_page.mjs``
measures any other running Covey too.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "a long enough phrase"
MODEL = "markdown"
TOKENS_PER_SECOND = 100
PARTS = (
    "A paragraph with **bold**, *italic* and `code`, a [link](https://example.org/), and some words.\n\n",
    "### Steps\n\n1. First of all\n2. Then the *second*\n3. And the `third`\n\n",
    '```python\ndef mean(values):\n    """The arithmetic mean."""\n    return sum(values) / len(values)\n```\n\n',
    "| name | value | unit |\n|---|---:|---|\n| length | 12.5 | m |\n| mass | 3 | kg |\n\n",
    "The energy is $E = mc^2$, and\n\n$$\n\\int_0^1 x^2 \\, dx = \\frac{1}{3}\n$$\n\n",
)
ANSWER = "".join(PARTS) * 20
TOKEN_CHARACTERS = 4


class PacedMarkdown(BaseHTTPRequestHandler):
    """An OpenAI-compatible engine that streams the same Markdown at a set pace."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        began = time.monotonic()
        try:
            for number, at in enumerate(range(0, len(ANSWER), TOKEN_CHARACTERS)):
                time.sleep(max(0.0, began + number / TOKENS_PER_SECOND - time.monotonic()))
                self._send({"delta": {"content": ANSWER[at : at + TOKEN_CHARACTERS]}, "finish_reason": None})
            self._send({"delta": {}, "finish_reason": "stop"})
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            return  # whoever asked has stopped reading

    def _send(self, choice: dict[str, object]) -> None:
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": MODEL}
        self.wfile.write(b"data: " + json.dumps({**chunk, "choices": [{"index": 0, **choice}]}).encode() + b"\n\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said of single requests."""


def serve_engine() -> ThreadingHTTPServer:
    """Start one on a free port of this machine, in a thread of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), PacedMarkdown)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise SystemExit(f"{url} did not come up")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("Node.js is needed")
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    engine = serve_engine()
    engines = [{"name": "paced", "base_url": f"http://127.0.0.1:{engine.server_port}/v1"}]
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [
            sys.executable, "-m", "covey", "up", "--data-dir", str(folder / "data"), "--log-dir", str(folder / "logs"),
            "--port", str(port), "--set", f"engines.openai={json.dumps(engines)}", "--set", "metrics.enabled=false",
        ]  # fmt: skip
        with (folder / "covey.txt").open("wb") as output:
            covey = subprocess.Popen(
                command, stdout=output, stderr=output, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
            )
        try:
            wait_for(f"{url}/readyz")
            body = json.dumps({"username": "bench", "password": PASSWORD}).encode()
            request = urllib.request.Request(
                f"{url}/covey/v1/auth/register", body, {"content-type": "application/json"}
            )
            urllib.request.urlopen(request, timeout=30).close()
            script = ROOT / "web" / "scripts" / "measure_page.mjs"
            outcome = subprocess.run(
                [node, str(script), url, "bench", PASSWORD, MODEL, str(rounds)],
                stdout=subprocess.PIPE, text=True, check=True, timeout=120 * rounds,
            )  # fmt: skip
        finally:
            covey.terminate()
            covey.wait(20)
            engine.shutdown()
    show(json.loads(outcome.stdout))


def show(figures: dict[str, Any]) -> None:
    frames = figures.pop("frames")
    for key, value in figures.items():
        name = key.replace("_", " ")
        print(f"  {name}: {value:.4g}" if isinstance(value, float) else f"  {name}: {value}")
    print("\n  | frames | p50 ms | p95 ms | script ms | style and layout ms | all of the main thread ms |")
    print("  |---|---|---|---|---|---|")
    for name, cost in frames.items():
        values = " | ".join(f"{cost[key]:.1f}" for key in ("p50", "p95", "script", "layout", "tasks"))
        print(f"  | {name} | {values} |")


if __name__ == "__main__":
    main()
