from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from covey.errors import BadSettings
from covey.settings import MASK, Settings, load, masked, read_value_files


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
        ("auth.throttle.account.burst", -1),
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
    assert settings.metrics.ports == {"gateway": 1}
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
    from covey.settings import struct_of

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
