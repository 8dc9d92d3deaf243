"""What people see of a model that has to be loaded first."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import urllib3

from tests.end_to_end.journey import detached, read_events
from tests.helpers.covey_process import CoveyProcess, one_process
from tests.helpers.platform_client import PlatformClient

pytestmark = [pytest.mark.nats, pytest.mark.timeout(180)]

ENGINES = [
    {"name": name, "models": [name], "tokens": 3, "cold_load_s": 0.4} for name in ("streamed", "whole", "detached")
]


@pytest.fixture(scope="module")
def covey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoveyProcess]:
    with one_process(tmp_path_factory.mktemp("node"), **{"engines.sample": ENGINES}) as node:
        yield node


@pytest.fixture(scope="module")
def client(covey: CoveyProcess) -> Iterator[PlatformClient]:
    found = PlatformClient(covey.url).register("robin")
    yield found
    found.close()


def state(client: PlatformClient, model: str) -> str:
    items = client.must("GET", "/covey/v1/models")["items"]
    return next(str(item["model"]["state"]) for item in items if item["model"]["name"] == model)


def types(client: PlatformClient, model: str) -> list[str]:
    accepted = client.must("POST", "/covey/v1/generations", detached("hello", model=model))
    events = read_events(client, f"/covey/v1/generations/{accepted['generation_id']}/events")
    assert [number for number, _ in events] == list(range(len(events)))
    return [event["type"] for _, event in events]


def test_a_generation_tells_the_load_and_the_next_one_has_none(client: PlatformClient) -> None:
    assert state(client, "detached") == "cold"
    first = types(client, "detached")
    assert first[:2] == ["loading", "started"]
    assert first.count("loading") == 1
    assert first[-1] == "finished"
    assert "loading" not in types(client, "detached")


def test_the_openai_api_says_nothing_of_it(client: PlatformClient) -> None:
    body = {"model": "whole", "messages": [{"role": "user", "content": "hello"}]}
    whole = client.must("POST", "/v1/chat/completions", body)
    assert whole["choices"][0]["message"]["content"]
    headers = {"authorization": f"Bearer {client.bearer}", "content-type": "application/json"}
    streamed = urllib3.request(
        "POST",
        f"{client.url}/v1/chat/completions",
        body=json.dumps({**body, "model": "streamed", "stream": True}).encode(),
        headers=headers,
        timeout=30.0,
    )
    assert streamed.status == 200
    assert b"loading" not in streamed.data
    assert streamed.data.endswith(b"data: [DONE]\n\n")
