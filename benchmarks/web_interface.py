"""The web interface in Chromium: time to the first paint, and from a key to the next paint.

``./dev bench web_interface``. Covey serves it from one process with the sample engine; nothing is throttled. The
figures are those of this machine; the script below measures any other running Covey too.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "a long enough phrase"


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
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [
            sys.executable, "-m", "covey", "up", "--data-dir", str(folder / "data"), "--log-dir", str(folder / "logs"),
            "--port", str(port), "--set", 'engines.sample=[{"name":"sample"}]', "--set", "metrics.enabled=false",
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
                [node, str(script), url, "bench", PASSWORD], capture_output=True, text=True, check=True, timeout=120
            )
        finally:
            covey.terminate()
            covey.wait(20)
    for key, value in json.loads(outcome.stdout).items():
        print(
            f"  {key.replace('_', ' ')}: {value:.4g}"
            if isinstance(value, float)
            else f"  {key.replace('_', ' ')}: {value}"
        )


if __name__ == "__main__":
    main()
