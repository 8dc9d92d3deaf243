from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from covey.domain.request_checks import RequestLimits, check_generate
from covey.errors import BadSettings, InvalidRequest
from covey.protocol.ids import ModelName
from covey.protocol.inference import ChatMessage, Generate, Sampling
from covey.quantities import limits_of
from covey.settings import MASK, Settings, annotation_of, load, masked, read_value_files, struct_of
from covey.workers.processor.config import DefaultSampling

UNBOUNDED = {"stop", "max_tokens"}


def test_defaults_hold_without_file_and_environment() -> None:
    settings = load(environment={})
    assert settings.log.level == "info"
    assert settings.node.name


def test_each_source_wins_over_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "covey.toml"
    file.write_text('[log]\nlevel = "warning"\nkept_files = 2\n[node]\nname = "from-file"\n')
    environment = {"COVEY__LOG__KEPT_FILES": "3", "COVEY__NODE__NAME": "from-environment", "OTHER": "x"}
    settings = load(file=file, environment=environment, overrides={"node.name": "from-flag"})
    assert (settings.log.level, settings.log.kept_files, settings.node.name) == ("warning", 3, "from-flag")


def test_an_unknown_key_is_refused_with_its_path_and_the_nearest_name() -> None:
    with pytest.raises(BadSettings, match=r"no setting log\.levle; did you mean log\.level\?") as caught:
        load(environment={"COVEY__LOG__LEVLE": "debug"})
    assert caught.value.param == "log.levle"


def test_an_unknown_section_names_the_sections_there_are() -> None:
    with pytest.raises(BadSettings, match="known here: .*metrics"):
        load(environment={}, overrides={"zzzzzzzz.x": 1})


@pytest.mark.parametrize(
    ("path", "value"),
    [("log.kept_files", "many"), ("log.level", "loud"), ("metrics.enabled", "perhaps"), ("log", 3)],
)
def test_a_wrong_value_names_its_path(path: str, value: object) -> None:
    with pytest.raises(BadSettings) as caught:
        load(environment={}, overrides={path: value})
    assert caught.value.param == path


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("bridge.port", 65_536),
        ("bridge.port", -1),
        ("mesh.server.monitor_port", 70_000),
        ("metrics.ports.gateway", 99_999),
        ("bridge.max_body_bytes", -5),
        ("node.drain_timeout_s", "nan"),
        ("node.drain_timeout_s", "inf"),
        ("bridge.ping_interval_s", 0),
        ("metrics.ports.gateway", "-1"),
        ("auth.throttle.account.burst", -1),
        ("auth.throttle.account.burst", 0),
        ("auth.max_invitations", -1),
        ("auth.password_hash.memory_kib", 4),
        ("auth.sessions.max_per_user", 81),
        ("gateway.content.keep_s", 1.0),
        ("gateway.content.max_bytes", 10),
        ("gateway.content.max_bytes", 2_000_000),
        ("gateway.content.max_stored_bytes", 1),
        ("store.replicas", 6),
        ("store.marker_ttl_s", 59),
        ("mesh.server.max_payload_bytes", 100),
        ("engines.llamacpp.embedding_tokens", 8193),
        ("engines.llamacpp.gpu_layers", -2),
        ("engines.llamacpp.slots", 65),
        ("engines.llamacpp.slots", 0),
        ("gateway.processor_attempts", 0),
    ],
)
def test_a_number_that_cannot_be_names_its_path(path: str, value: object) -> None:
    throttle = {"auth.throttle.account.refill_s": 1.0} if path.startswith("auth.throttle") else {}
    with pytest.raises(BadSettings, match=path) as caught:
        load(environment={}, overrides={path: value, **throttle})
    assert caught.value.param == path


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("engines.llamacpp.slots", 65, "engines.llamacpp.slots: 1 to 64 is needed"),
        ("log.kept_files", -1, "log.kept_files: at least 0 is needed"),
        ("bridge.ping_interval_s", 0, "bridge.ping_interval_s: above 0, at most 315,360,000 is needed"),
        ("auth.signing_keys.settle_s", 1, "auth.signing_keys: settle_s has to be at least refresh_interval_s"),
        ("engines.llamacpp.batch_tokens", 15, "engines.llamacpp: batch_tokens has to be 0, or 16 to 8192"),
        ("mesh.server.max_pending_bytes", 9, "mesh.server: max_pending_bytes has to be at least max_payload_bytes"),
    ],
)
def test_what_a_number_may_be_is_said(path: str, value: object, words: str) -> None:
    with pytest.raises(BadSettings) as caught:
        load(environment={}, overrides={path: value})
    assert str(caught.value) == words


@pytest.mark.parametrize("name", sorted({field.name for field in msgspec.structs.fields(DefaultSampling)} - UNBOUNDED))
def test_a_default_sampling_is_what_a_request_may_ask_for(name: str) -> None:
    limits = limits_of(annotation_of(f"processor.models.sampling.{name}"))
    assert limits is not None
    assert limits.le is not None
    lowest = limits.gt if limits.ge is None else limits.ge
    assert lowest is not None
    for value in (lowest - 1, lowest, limits.le, limits.le + 1):
        assert is_a_setting(name, value) == may_be_asked_for(name, value), value


def is_a_setting(name: str, value: float) -> bool:
    try:
        load(environment={}, overrides={"processor.models": [{"name": "m", "sampling": {name: value}}]})
    except BadSettings:
        return False
    return True


def may_be_asked_for(name: str, value: float) -> bool:
    messages = (ChatMessage(role="user", content="?"),)
    sampling = msgspec.convert({name: value}, Sampling)
    try:
        check_generate(Generate(model=ModelName("m"), messages=messages, sampling=sampling), RequestLimits())
    except InvalidRequest:
        return False
    return True


def test_every_number_has_a_range_and_a_default_within() -> None:
    without = [path for path, annotation in numbers_of(Settings, "") if not has_lowest(annotation)]
    assert without == []
    defaults = load(environment={})
    assert msgspec.convert(msgspec.to_builtins(defaults), Settings) == defaults


def has_lowest(annotation: object) -> bool:
    limits = limits_of(annotation)
    return limits is not None and (limits.ge is not None or limits.gt is not None)


def numbers_of(struct: type[msgspec.Struct], path: str) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(struct):
        inner = struct_of(field.type)
        if inner is not None:
            yield from numbers_of(inner, f"{path}{field.encode_name}.")
        elif re.search(r"\b(int|float)\b", str(field.type)):
            yield f"{path}{field.encode_name}", field.type


@pytest.mark.parametrize(
    ("path", "value", "choices"),
    [("log.level", "loud", "debug, info"), ("bridge.access_log", "some", "all, errors, none")],
)
def test_a_word_that_is_no_choice_is_told_the_choices(path: str, value: str, choices: str) -> None:
    with pytest.raises(BadSettings, match=f"{path}: '{value}' is none of {choices}"):
        load(environment={}, overrides={path: value})


def test_a_number_within_lists_names_its_place() -> None:
    with pytest.raises(BadSettings) as caught:
        load(environment={}, overrides={"engines.ollama": [{"slots": 1}, {"slots": -1}]})
    assert caught.value.param == "engines.ollama[1].slots"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("bridge.port", 0),
        ("store.manifest_interval_s", 0),
        ("engines.llamacpp.gpu_layers", -1),
        ("engines.llamacpp.keep_alive_s", -1),
        ("node.drain_timeout_s", 0),
        ("engines.ollama", [{"slots": 0}]),
        ("engines.sample", [{"slots": 0}]),
        ("processor.models", [{"name": "m", "sampling": {"presence_penalty": -1.0}}]),
    ],
)
def test_numbers_that_mean_something_are_taken(path: str, value: object) -> None:
    load(environment={}, overrides={path: value})


def test_json_values_come_from_the_environment() -> None:
    settings = load(environment={"COVEY__METRICS__PORTS": '{"gateway": 1}'})
    assert (settings.metrics.ports.gateway, settings.metrics.ports.auth) == (1, 9101)
    with pytest.raises(BadSettings, match="not valid JSON"):
        load(environment={"COVEY__METRICS__PORTS": "{"})


def test_a_broken_or_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="no settings file"):
        load(file=tmp_path / "none.toml", environment={})
    broken = tmp_path / "covey.toml"
    broken.write_text("[log\n")
    with pytest.raises(BadSettings, match=r"covey\.toml"):
        load(file=broken, environment={})


class Remote(msgspec.Struct, kw_only=True):
    api_key: str | None = None
    plain: str = ""


class Outer(msgspec.Struct, kw_only=True):
    remotes: tuple[Remote, ...] = ()


def test_a_value_may_be_read_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("canary\n")
    values = {"remotes": [{"api_key_file": str(secret)}]}
    read_value_files(values, Outer, "")
    assert values == {"remotes": [{"api_key": "canary"}]}
    with pytest.raises(BadSettings, match="both set"):
        read_value_files({"remotes": [{"api_key_file": str(secret), "api_key": "x"}]}, Outer, "")
    with pytest.raises(BadSettings, match="cannot be read"):
        read_value_files({"remotes": [{"api_key_file": str(tmp_path / "none")}]}, Outer, "")


def test_secrets_are_masked_when_settings_are_shown() -> None:
    shown = masked(Outer(remotes=(Remote(api_key="canary", plain="seen"),)))
    assert shown == {"remotes": [{"api_key": MASK, "plain": "seen"}]}


@pytest.mark.parametrize("name", ["with space", "a" * 41, "dot.dot"])
def test_a_node_name_that_cannot_be_a_subject_token_is_refused(name: str) -> None:
    with pytest.raises(BadSettings):
        load(environment={}, overrides={"node.name": name})


def test_every_setting_has_a_sentence() -> None:
    undocumented: list[str] = []
    seen: set[type[msgspec.Struct]] = set()
    collect_undocumented(Settings, "", undocumented, seen)
    assert undocumented == []


def collect_undocumented(
    struct: type[msgspec.Struct], path: str, undocumented: list[str], seen: set[type[msgspec.Struct]]
) -> None:
    from covey.assembly.settings_in_force import field_sentences

    if struct in seen:
        return
    seen.add(struct)
    sentences = field_sentences(struct)
    for field in msgspec.structs.fields(struct):
        inner = struct_of(field.type)
        if inner is not None:
            collect_undocumented(inner, f"{path}{field.name}.", undocumented, seen)
        elif not sentences.get(field.name):
            undocumented.append(f"{path}{field.name}")


def test_one_setting_of_the_connection_leaves_its_addresses_to_the_node() -> None:
    settings = load(environment={}, overrides={"mesh.connection.ping_interval_s": "3"})
    assert settings.mesh.connection.urls == load(environment={}).mesh.connection.urls == ()
