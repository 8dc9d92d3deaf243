"""What every topology has to do, written once: accounts, keys, models, answers, limits of trust.

Subclasses provide ``covey``: something with a ``url`` that serves the sample engine.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Protocol
from uuid import uuid4

import openai
import pytest
import urllib3

from tests.helpers.covey_process import PASSWORD, eventually_true
from tests.helpers.platform_client import PlatformClient


class Serving(Protocol):
    @property
    def url(self) -> str: ...


def begun(client: PlatformClient, body: dict[str, Any]) -> dict[str, Any]:
    """A generation in a conversation, once it has ended."""
    accepted: dict[str, Any] = client.must("POST", "/covey/v1/generations", body)

    def ended() -> bool:
        found = client.must("GET", f"/covey/v1/generations/{accepted['generation_id']}")
        assert found["state"] in ("running", "finished"), found
        return bool(found["state"] == "finished")

    eventually_true(ended, what="the end of the generation")
    return accepted


class Journey:
    """Inherit, and give it a class-scoped fixture ``covey``."""

    @pytest.fixture(scope="class")
    @classmethod
    def admin(cls, covey: Serving) -> Iterator[PlatformClient]:
        client = PlatformClient(covey.url).register("robin")
        yield client
        client.close()

    @pytest.fixture
    def member(self, covey: Serving, admin: PlatformClient) -> Iterator[PlatformClient]:
        client = PlatformClient(covey.url).register(f"member-{uuid4().hex[:10]}")
        yield client
        client.close()

    @pytest.fixture
    def client(self, covey: Serving, member: PlatformClient) -> Iterator[openai.OpenAI]:
        with openai.OpenAI(base_url=f"{covey.url}/v1", api_key=member.key(), max_retries=0, timeout=30) as made:
            yield made

    def test_the_first_account_is_the_administrator_and_later_ones_are_not(
        self, admin: PlatformClient, member: PlatformClient
    ) -> None:
        assert admin.must("GET", "/covey/v1/me")["role"] == "admin"
        assert member.must("GET", "/covey/v1/me")["role"] == "member"
        assert member.ask("GET", "/covey/v1/users")[0] == 403

    def test_the_openai_package_chats(self, client: openai.OpenAI) -> None:
        answer = client.chat.completions.create(
            model="sample", messages=[{"role": "user", "content": "hello"}], max_tokens=7
        )
        assert answer.choices[0].message.content
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 7

    def test_the_openai_package_streams_the_same_answer(self, client: openai.OpenAI) -> None:
        asked: dict[str, Any] = {"model": "sample", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 9}
        whole = client.chat.completions.create(**asked)
        chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == whole.choices[0].message.content
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.completion_tokens == 9

    def test_the_openai_package_embeds_and_lists(self, client: openai.OpenAI) -> None:
        vectors = client.embeddings.create(model="sample", input=["one", "two"])
        assert len(vectors.data) == 2
        assert sum(value * value for value in vectors.data[0].embedding) == pytest.approx(1.0, abs=1e-3)
        assert "sample" in [model.id for model in client.models.list()]

    def test_errors_are_the_openai_packages_own(self, covey: Serving, client: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match="no processor serves"):
            client.chat.completions.create(model="no-such-model", messages=[{"role": "user", "content": "x"}])
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="sample", messages=[{"role": "user", "content": "x"}], temperature=99)
        with (
            openai.OpenAI(base_url=f"{covey.url}/v1", api_key="sk-covey-wrong", max_retries=0) as stranger,
            pytest.raises(openai.AuthenticationError),
        ):
            stranger.models.list()

    def test_a_revoked_key_stops_working(self, covey: Serving, member: PlatformClient) -> None:
        secret = member.key("short-lived")
        by_key = PlatformClient(covey.url, secret)
        assert by_key.ask("GET", "/v1/models")[0] == 200
        ident = next(key["id"] for key in member.must("GET", "/covey/v1/keys")["items"] if key["name"] == "short-lived")
        member.must("DELETE", f"/covey/v1/keys/{ident}")
        eventually_true(lambda: by_key.ask("GET", "/v1/models")[0] == 401, timeout_s=2, what="the revocation")
        by_key.close()

    def test_a_key_for_one_model_cannot_use_another(self, covey: Serving, member: PlatformClient) -> None:
        limited = PlatformClient(covey.url, member.key("limited", models=["other"]))
        body = {"model": "sample", "messages": [{"role": "user", "content": "x"}]}
        status, answer = limited.ask("POST", "/v1/chat/completions", body)
        assert status in (403, 404), answer
        assert limited.ask("POST", "/v1/embeddings", {"model": "sample", "input": "x"})[0] == status
        limited.close()

    def test_logging_out_everywhere_ends_the_session(self, covey: Serving, member: PlatformClient) -> None:
        name = member.must("GET", "/covey/v1/me")["username"]
        other = PlatformClient(covey.url, member.login(name)["access_token"])
        other.must("GET", "/covey/v1/me")
        member.must("POST", "/covey/v1/auth/logout", {"everywhere": True})
        eventually_true(lambda: other.ask("GET", "/covey/v1/me")[0] == 401, timeout_s=2, what="the logout")
        other.close()

    def test_usage_and_audit_tell_what_happened(self, admin: PlatformClient, member: PlatformClient) -> None:
        by_key = PlatformClient(member.url, member.key("metered"))
        body = {"model": "sample", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5}
        by_key.must("POST", "/v1/chat/completions", body)
        eventually_true(
            lambda: member.must("GET", "/covey/v1/usage")["total"]["completion_tokens"] == 5, what="the usage"
        )
        actions = [event["action"] for event in admin.must("GET", "/covey/v1/audit?limit=50")["items"]]
        assert "keys.create" in actions
        assert "accounts.register" in actions
        by_key.close()

    @pytest.mark.parametrize("service", ["gateway", "processor", "auth"])
    def test_administrators_see_the_settings_of_every_process(
        self, admin: PlatformClient, member: PlatformClient, service: str
    ) -> None:
        node = admin.must("GET", "/covey/v1/nodes")["items"][0]["name"]
        path = f"/covey/v1/settings?node={node}&service={service}"
        found = admin.must("GET", path)
        assert (found["node"], found["service"]) == (node, service)
        assert found["instance"].startswith(f"{service}-")
        assert {"bridge.port", "engines.sample[0].name"} <= {item["path"] for item in found["items"]}
        assert member.ask("GET", path)[0] == 403

    def test_a_conversation_is_kept_and_is_nobody_elses(
        self, covey: Serving, admin: PlatformClient, member: PlatformClient
    ) -> None:
        ident = member.must("POST", "/covey/v1/conversations", {"title": "mine"})["info"]["id"]
        member.must(
            "POST", f"/covey/v1/conversations/{ident}/messages", {"message": {"role": "user", "content": "kept"}}
        )
        assert member.must("GET", f"/covey/v1/conversations/{ident}")["messages"][0]["message"]["content"] == "kept"
        for method, path in (("GET", ident), ("DELETE", ident), ("GET", "cnv_doesnotexist00000")):
            assert admin.ask(method, f"/covey/v1/conversations/{path}")[0] == 404

    def test_a_detached_generation_goes_on_and_is_followed_from_any_event(self, member: PlatformClient) -> None:
        body = detached("go on", max_tokens=12)
        accepted = member.must("POST", "/covey/v1/generations", body)
        path = f"/covey/v1/generations/{accepted['generation_id']}"
        eventually_true(lambda: member.must("GET", path)["state"] == "finished", what="the end")
        everything = read_events(member, f"{path}/events")
        assert everything[-1][1]["type"] == "finished"
        assert [number for number, _ in everything] == list(range(len(everything)))
        assert read_events(member, f"{path}/events", after=4) == everything[5:]

    def test_a_client_that_leaves_frees_the_slot(self, covey: Serving, member: PlatformClient) -> None:
        key = member.key("leaver")
        pool = urllib3.PoolManager(retries=False, timeout=30.0)
        body = {"model": "slow", "messages": [{"role": "user", "content": "x"}], "stream": True, "max_tokens": 5000}
        answer = pool.request(
            "POST", f"{covey.url}/v1/chat/completions", body=json.dumps(body).encode(), preload_content=False,
            headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
        )  # fmt: skip
        assert answer.read1(10)
        eventually_true(lambda: running(member, "slow") == 1, what="the generation")
        answer.close()
        eventually_true(lambda: running(member, "slow") == 0, timeout_s=3, what="the free slot")
        pool.clear()

    @pytest.mark.parametrize(
        ("content", "status"),
        [
            (b"{", 400),
            (b'{"model": 5, "messages": []}', 400),
            (b'{"model": "sample", "messages": [{"role": "user", "content": "\xff"}]}', 400),
            (b'{"model": "sample"}', 400),
            (b'{"model": "sample", "messages": [], "n": 3}', 400),
        ],
        ids=["malformed", "wrong type", "invalid UTF-8", "no messages", "n"],
    )
    def test_bad_input_has_a_clear_answer(
        self, covey: Serving, member: PlatformClient, content: bytes, status: int
    ) -> None:
        pool = urllib3.PoolManager(retries=False, timeout=30.0)
        answer = pool.request(
            "POST", f"{covey.url}/v1/chat/completions", body=content,
            headers={"authorization": f"Bearer {member.bearer}", "content-type": "application/json"},
        )  # fmt: skip
        assert answer.status == status
        assert json.loads(answer.data)["error"]["message"]
        assert answer.headers["x-request-id"]
        pool.clear()

    def test_a_prompt_of_ten_megabytes_is_refused_or_answered_but_breaks_nothing(self, member: PlatformClient) -> None:
        body = {"model": "sample", "messages": [{"role": "user", "content": "x" * 10_000_000}], "max_tokens": 1}
        status, answer = member.ask("POST", "/v1/chat/completions", body)
        assert status in (200, 400, 413), answer
        small = {"model": "sample", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1}
        member.must("POST", "/v1/chat/completions", small)

    @pytest.mark.parametrize("kept", [False, True], ids=["attached", "detached"])
    def test_several_large_pictures_are_asked_about_at_once(self, member: PlatformClient, kept: bool) -> None:
        picture = "data:image/png;base64," + b64encode(b"p" * 3_000_000).decode()
        content = [{"type": "text", "text": "compare"}]
        content += [{"type": "image_url", "image_url": {"url": picture}} for _ in range(4)]  # type: ignore[dict-item]
        body = {"model": "sample", "messages": [{"role": "user", "content": content}], "max_tokens": 3}
        if not kept:
            assert member.must("POST", "/v1/chat/completions", body)["choices"][0]["message"]["content"]
            return
        accepted = member.must("POST", "/covey/v1/generations", {"generate": detached("", max_tokens=3)["generate"] | {
            "messages": body["messages"]
        }})  # fmt: skip
        events = read_events(member, f"/covey/v1/generations/{accepted['generation_id']}/events")
        assert events[-1][1]["type"] == "finished"

    def test_the_same_idempotency_key_gives_the_same_answer_once(self, member: PlatformClient) -> None:
        body = detached("once", max_tokens=4)
        key = {"idempotency-key": uuid4().hex}
        first = member.must("POST", "/covey/v1/generations", body, **key)
        again = member.must("POST", "/covey/v1/generations", body, **key)
        assert first["generation_id"] == again["generation_id"]
        status, _ = member.ask("POST", "/covey/v1/generations", detached("once", max_tokens=5), **key)
        assert status == 409

    def test_a_repeated_chat_is_the_first_one_with_its_id(self, member: PlatformClient) -> None:
        body = {"model": "sample", "messages": [{"role": "user", "content": "once"}], "max_tokens": 4}
        key = {"idempotency-key": uuid4().hex}
        first, again = [member.must("POST", "/v1/chat/completions", body, **key) for _ in range(2)]
        assert first == again
        assert member.must("POST", "/v1/chat/completions", body)["id"] != first["id"]

    def test_a_conversation_with_pictures_is_asked_continued_forked_and_deleted(self, member: PlatformClient) -> None:
        made = member.must("POST", "/covey/v1/conversations", {"folder": "pictures"})["info"]["id"]
        at = f"/covey/v1/conversations/{made}"
        url = "data:image/png;base64," + b64encode(b"p" * 3_000_000).decode()
        picture = member.must("POST", f"{at}/attachments", {"url": url})
        assert member.must("GET", f"{at}/attachments/{picture['id']}")["url"] == url
        parts = [
            {"type": "text", "text": "what is this needle?"},
            {"type": "image_url", "image_url": {"url": f"covey-attachment:{picture['id']}"}},
        ]
        question = {"model": "sample", "messages": [{"role": "user", "content": parts}], "sampling": {"max_tokens": 3}}
        first = begun(member, {"generate": question, "conversation_id": made})
        begun(member, {"generate": {"model": "sample"}, "conversation_id": made, "continue_id": first["answer_id"]})
        begun(member, {"generate": {"model": "sample"}, "conversation_id": made, "answer_to": first["question_id"]})
        messages = member.must("GET", at)["messages"]
        answers = [each["message"]["content"].split() for each in messages if each["parent_id"] == first["question_id"]]
        # 3 and 24 tokens; the sample engine begins without a space.
        assert sorted(len(words) for words in answers) == [24, 26]
        found = member.must("GET", "/covey/v1/conversations?search=needle&folder=pictures")
        assert found["matches"][made]["message_id"] == first["question_id"]
        assert "needle" in found["matches"][made]["snippet"]
        fork = member.must("POST", f"{at}/fork", {"message_id": first["answer_id"]})
        assert len(fork["messages"]) == 2
        assert {"name": "pictures", "conversation_count": 2} in member.must("GET", "/covey/v1/folders")["items"]
        info = member.must("DELETE", f"{at}/messages/{first['answer_id']}")
        assert info["message_count"] == 2
        copied = f"/covey/v1/conversations/{fork['info']['id']}"
        member.must("DELETE", at)
        assert member.must("GET", f"{copied}/attachments/{picture['id']}")["url"] == url
        member.must("DELETE", copied)

    def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
        self, covey: Serving, admin: PlatformClient
    ) -> None:
        stranger = PlatformClient(covey.url)
        wrong = stranger.ask("POST", "/covey/v1/auth/login", {"username": "robin", "password": "not the password"})
        unknown = stranger.ask("POST", "/covey/v1/auth/login", {"username": "nobody-here", "password": PASSWORD})
        assert wrong[0] == unknown[0] == 401
        assert wrong[1]["detail"] == unknown[1]["detail"]
        stranger.close()


def detached(content: str, *, model: str = "sample", max_tokens: int | None = None) -> dict[str, Any]:
    """The body that begins a detached generation."""
    generate: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": content}]}
    if max_tokens is not None:
        generate["sampling"] = {"max_tokens": max_tokens}
    return {"generate": generate}


def read_events(client: PlatformClient, path: str, after: int = -1) -> list[tuple[int, dict[str, Any]]]:
    """Number and payload of every event of a server-sent stream, to its end."""
    pool = urllib3.PoolManager(retries=False, timeout=30.0)
    headers = {"authorization": f"Bearer {client.bearer}"}
    if after >= 0:
        headers["last-event-id"] = str(after)
    answer = pool.request("GET", client.url + path, headers=headers)
    assert answer.status == 200, answer.data
    events = []
    for block in answer.data.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "id" in fields:
            events.append((int(fields["id"]), json.loads(fields["data"])))
    pool.clear()
    return events


def running(client: PlatformClient, model: str) -> int:
    """How many generations of a model are under way."""
    items = client.must("GET", "/covey/v1/running")["items"]
    return sum(item.get("running", 0) for item in items if item["model"]["name"] == model)
