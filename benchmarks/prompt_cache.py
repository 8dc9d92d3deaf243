"""What the time to the first token tells one person about the prompts of another, by what the prompt cache shares.

``./dev bench prompt_cache`` (``--samples 200``). Two people share the small model of one Covey. In each sample one
sends a prompt; then the other sends one with the same beginning, or with another beginning of the same length, by
turns, and takes the time to the first token. How well that time tells which it was is the area under the ROC curve
(AUC; Mann and Whitney, 1947): 1 is always, 0.5 is a coin's throw.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import sys
import tempfile
import time
import urllib.parse
from itertools import product
from pathlib import Path

from benchmarks.chain import ROOT, ask, free_port, process, wait_for

MODEL = ROOT / ".cache" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
PASSWORD = "a long enough phrase"
WORDS = "sea wind stone river light paper road city bird tree field night door glass hand voice song fire rain".split()
BEGINNING_WORDS = 60
END_WORDS = 8
ALL_CORES = ",".join(map(str, sorted(os.sched_getaffinity(0))))


def words(count: int) -> str:
    return " ".join(random.choices(WORDS, k=count))


def first_token_ms(url: str, key: str, prompt: str) -> float:
    """The time until the first event that holds a part of the answer."""
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    body = {"model": "default", "messages": [{"role": "user", "content": prompt}], "max_tokens": 1, "stream": True}
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    began = time.perf_counter()
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    first = 0.0
    while line := answer.readline():
        if not first and b'"content":"' in line and b'"content":""' not in line:
            first = time.perf_counter()
    connection.close()
    if answer.status != 200 or not first:
        raise SystemExit(f"no answer: status {answer.status}")
    return (first - began) * 1000


def area_under_curve(seen: list[float], unseen: list[float]) -> float:
    """How often a prompt that was seen is answered sooner than one that was not; ties count half."""
    pairs = list(product(seen, unseen))
    return sum(1.0 if one < other else 0.5 if one == other else 0.0 for one, other in pairs) / len(pairs)


def measure(samples: int, prompt_cache: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        url = f"http://127.0.0.1:{port}"
        command = [
            sys.executable, "-m", "covey", "up", "--data-dir", str(folder / "data"), "--log-dir", str(folder / "logs"),
            "--port", str(port), "--model-file", str(MODEL), "--set", "metrics.enabled=false", "--set",
            "log.terminal=off", "--set", f"engines.llamacpp.prompt_cache={prompt_cache}",
        ]  # fmt: skip
        with process(command, cores=ALL_CORES, log=folder / "covey.log", environment={"PYTHONPATH": str(ROOT / "src")}):
            wait_for(f"{url}/readyz")
            keys = []
            for person in ("victim", "observer"):
                session = ask(f"{url}/covey/v1/auth/register", {"username": person, "password": PASSWORD})
                keys.append(str(ask(f"{url}/covey/v1/keys", {"name": "bench"}, session["access_token"])["secret"]))
            for key in keys * 2:
                first_token_ms(url, key, words(BEGINNING_WORDS))
            times: dict[bool, list[float]] = {True: [], False: []}
            for number in range(samples):
                beginning, same = words(BEGINNING_WORDS), number % 2 == 0
                first_token_ms(url, keys[0], f"{beginning} {words(END_WORDS)}")
                asked = beginning if same else words(BEGINNING_WORDS)
                times[same].append(first_token_ms(url, keys[1], f"{asked} {words(END_WORDS)}"))
    medians = {same: statistics.median(values) for same, values in times.items()}
    print(
        f"  prompt cache {prompt_cache}: same beginning {medians[True]:.0f} ms, another "
        f"{medians[False]:.0f} ms (medians); AUC {area_under_curve(times[True], times[False]):.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200)
    arguments = parser.parse_args()
    for prompt_cache in ("shared", "account", "off"):
        measure(arguments.samples, prompt_cache)


if __name__ == "__main__":
    main()
