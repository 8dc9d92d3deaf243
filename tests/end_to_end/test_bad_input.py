"""Bad input to a whole node, in one process and in many: a clear answer each time, and nothing is lost."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from tests.end_to_end.journey import Serving, detached, read_events
from tests.helpers.covey_process import CoveyProcess, ManyProcesses, eventually_true, many_processes, one_process
from tests.helpers.platform_client import PlatformClient

pytestmark = [pytest.mark.nats, pytest.mark.timeout(120)]

CHAT = "/v1/chat/completions"
SETTINGS: dict[str, Any] = {
    "auth.signing_keys.refresh_interval_s": 0.1, "auth.signing_keys.settle_s": 0.2,
    "engines.sample": [{"name": "sample", "models": ["sample"], "tokens": 24, "context_length": 20_000_000}],
}  # fmt: skip


def chat(content: Any = "hi", **more: Any) -> dict[str, Any]:
    return {"model": "sample", "messages": [{"role": "user", "content": content}], "max_tokens": 3, **more}


class BadInput:
    """Inherit, and give it a class-scoped fixture ``covey``."""

    @pytest.fixture(scope="class")
    @classmethod
    def admin(cls, covey: Serving) -> Iterator[PlatformClient]:
        client = PlatformClient(covey.url).register("robin")
        yield client
        client.close()

    @pytest.fixture(scope="class")
    @classmethod
    def member(cls, covey: Serving, admin: PlatformClient) -> Iterator[PlatformClient]:
        client = PlatformClient(covey.url).register("kim")
        yield client
        client.close()

    def post(self, client: PlatformClient, path: str, body: bytes) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {client.bearer}", "content-type": "application/json"}
        answer = urllib3.request("POST", client.url + path, body=body, headers=headers, retries=False, timeout=30.0)
        return answer.status, json.loads(answer.data)

    @pytest.mark.parametrize("path", [CHAT, "/v1/embeddings", "/covey/v1/generations", "/covey/v1/keys"])
    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"null", b"[]", b'"text"', b'{"model":}', b"\xff\xfe{}", b'{"model":"\xc3\x28"}',
         b'{"model":"sample","messages":[{"role":"user","content":"\xff"}]}', b"{" * 100_000, b"[" * 100_000,
         b'{"name":"\xed\xa0\x80"}', b"\x00" * 10],
        ids=["empty", "cut", "null", "list", "text", "hole", "utf16", "half a character", "bad text", "deep objects",
             "deep lists", "surrogate", "zeros"],
    )  # fmt: skip
    def test_what_is_no_json_is_a_bad_request(self, member: PlatformClient, path: str, body: bytes) -> None:
        status, answer = self.post(member, path, body)
        assert status in (400, 422), answer
        problem = answer.get("error", answer)
        assert problem["code"] in ("invalid_request", "unknown_field")
        assert problem.get("message") or problem.get("detail")

    @pytest.mark.parametrize(
        ("field", "value"),
        [("messages", "hi"), ("messages", []), ("messages", [{"role": "king", "content": "x"}]), ("messages", [7]),
         ("messages", None), ("model", 7), ("model", None), ("model", []), ("temperature", "warm"), ("temperature", -1),
         ("max_tokens", 0), ("max_tokens", -1), ("max_tokens", 2**63), ("max_tokens", 1.5), ("max_tokens", "3"),
         ("stream", "yes"), ("n", 2), ("stop", [1]), ("tools", {}), ("seed", -1), ("top_p", 0)],
    )  # fmt: skip
    def test_a_wrong_type_or_range_is_refused_and_named(self, member: PlatformClient, field: str, value: Any) -> None:
        status, answer = member.ask("POST", CHAT, chat(**{field: value}))
        assert status == 400, answer
        assert field in answer["error"]["message"] or field in (answer["error"]["param"] or ""), answer

    def test_an_unknown_model_is_not_found(self, member: PlatformClient) -> None:
        for path, body in (
            (CHAT, chat(model="no-such")),
            ("/v1/completions", {"model": "no-such", "prompt": "x"}),
            ("/v1/embeddings", {"model": "no-such", "input": "x"}),
        ):
            status, answer = member.ask("POST", path, body)
            assert (status, answer["error"]["code"]) == (404, "model_not_found"), answer

    @pytest.mark.parametrize("size", [10_000_000, 12_000_000])
    def test_a_prompt_of_ten_megabytes_is_answered_or_refused_and_service_goes_on(
        self, member: PlatformClient, size: int
    ) -> None:
        status, answer = member.ask("POST", CHAT, chat("word " * (size // 5)))
        assert status in (200, 400, 413), answer
        if status != 200:
            assert answer["error"]["message"]
            assert answer["error"]["type"] == "invalid_request_error"
        status, answer = member.ask("POST", "/covey/v1/generations", detached("word " * (size // 5)))
        assert status in (200, 201, 202, 400, 413), answer
        assert member.ask("POST", CHAT, chat())[0] == 200

    def test_a_body_beyond_the_limit_is_too_large(self, member: PlatformClient) -> None:
        status, answer = member.ask("POST", CHAT, chat("x" * 34_000_000))
        assert status == 413, answer
        assert answer["error"]["message"]

    def test_credentials_that_expired_or_were_revoked_or_never_were(
        self, covey: Serving, member: PlatformClient
    ) -> None:
        short = PlatformClient(covey.url, member.key("short", expires_in_s=1))
        eventually_true(lambda: short.ask("GET", "/v1/models")[0] == 401, timeout_s=5, what="the expiry")
        for bearer in (None, "", "x", "sk-covey-" + "a" * 43, "a.b.c", (member.bearer or "")[:-4] + "AAAA", "é" * 8):
            stranger = PlatformClient(covey.url, None)
            headers = {"authorization": f"Bearer {bearer}".encode().decode("latin-1")} if bearer is not None else {}
            for path in ("/v1/models", "/covey/v1/me"):
                status, answer = stranger.ask("GET", path, **headers)
                assert status in (400, 401), (bearer, answer)
            stranger.close()
        short.close()

    def test_another_ones_conversation_generation_and_key_do_not_exist(
        self, covey: Serving, member: PlatformClient
    ) -> None:
        other = PlatformClient(covey.url).register("alex")
        mine = member.must("POST", "/covey/v1/conversations", {"title": "mine"})["info"]["id"]
        generation = member.must("POST", "/covey/v1/generations", detached("x"))["generation_id"]
        member.key("mine")
        key = member.must("GET", "/covey/v1/keys")["items"][0]["id"]
        message = {"message": {"role": "user", "content": "mine now"}}
        for method, path, body in (
            ("GET", f"conversations/{mine}", None), ("PATCH", f"conversations/{mine}", {"title": "theirs"}),
            ("DELETE", f"conversations/{mine}", None), ("POST", f"conversations/{mine}/messages", message),
            ("GET", f"generations/{generation}", None), ("DELETE", f"generations/{generation}", None),
            ("GET", f"generations/{generation}/events", None), ("DELETE", f"keys/{key}", None),
        ):  # fmt: skip
            status, answer = other.ask(method, f"/covey/v1/{path}", body)
            assert status == 404, (method, path, answer)
        into = {**detached("x"), "conversation_id": mine}
        status, answer = other.ask("POST", "/covey/v1/generations", into)
        assert status == 404, answer
        kept = member.must("GET", f"/covey/v1/conversations/{mine}")
        assert (kept["info"]["title"], kept["messages"]) == ("mine", [])
        assert read_events(member, f"/covey/v1/generations/{generation}/events")[-1][1]["type"] == "finished"
        other.close()

    def test_a_token_signed_by_the_key_before_is_good_and_new_ones_are_signed_anew(
        self, covey: Serving, admin: PlatformClient, member: PlatformClient
    ) -> None:
        """That the old key dies after its grace needs half a minute: the attack suite turns the clock for that."""
        before = PlatformClient(covey.url).login("kim")["access_token"]
        named = admin.must("POST", "/covey/v1/signing-keys/rotate", {})["key_id"]
        eventually_true(
            lambda: key_id_of(PlatformClient(covey.url).login("kim")["access_token"]) == named, what="the new key"
        )
        after = PlatformClient(covey.url).login("kim")["access_token"]
        assert key_id_of(before) != named
        for token in (before, after, member.bearer):
            client = PlatformClient(covey.url, token)
            assert client.must("GET", "/covey/v1/me")["username"] == "kim"
            assert client.ask("POST", CHAT, chat())[0] == 200
            client.close()

    def test_after_all_that_everything_is_there(self, member: PlatformClient) -> None:
        assert member.must("GET", "/covey/v1/me")["username"] == "kim"
        assert member.must("POST", CHAT, chat())["usage"]["completion_tokens"] == 3


def key_id_of(token: str) -> str:
    header = token.partition(".")[0]
    return str(json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


class TestOneProcess(BadInput):
    @pytest.fixture(scope="class")
    @classmethod
    def covey(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoveyProcess]:
        with one_process(tmp_path_factory.mktemp("node"), **SETTINGS) as node:
            yield node


class TestManyProcesses(BadInput):
    @pytest.fixture(scope="class")
    @classmethod
    def covey(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyProcesses]:
        with many_processes(tmp_path_factory.mktemp("mesh"), **SETTINGS) as running:
            yield running
