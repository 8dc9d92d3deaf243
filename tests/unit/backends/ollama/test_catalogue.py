from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from covey.backends.ollama.catalogue import (
    LoadedList,
    Progress,
    Shown,
    Tag,
    Tags,
    model_details,
    model_info,
    parameters_of,
    pull_progress,
    unix_seconds,
)

RECORDED = Path(__file__).parents[3] / "data" / "ollama"
RecordT = TypeVar("RecordT")


def recorded(name: str, kind: type[RecordT]) -> RecordT:
    return msgspec.json.decode((RECORDED / name).read_bytes(), type=kind)


def test_a_recorded_model_is_described_in_our_words() -> None:
    (tag,) = recorded("tags.json", Tags).models or []
    (loaded,) = recorded("ps.json", LoadedList).models or []
    shown = recorded("show.json", Shown)
    info = model_info("ollama", tag, shown, loaded)
    assert (info.name, info.aliases, info.state) == ("smol:latest", ("smol",), "loaded")
    assert (info.parameters, info.quantization, info.family) == ("134.52M", "Q4_1", "llama")
    assert info.capabilities == ("chat", "completion")
    assert info.context_length == loaded.context_length
    assert info.digest is not None
    assert info.digest.startswith("sha256:")
    cold = model_info("ollama", tag, shown, None)
    assert (cold.state, cold.context_length) == ("cold", 8192)


def test_the_context_comes_from_the_model_when_the_list_is_silent() -> None:
    info = model_info("ollama", Tag(name="x"), recorded("show.json", Shown), None)
    assert info.context_length == 8192
    assert info.aliases == ()


def test_details_carry_parameters_and_scalars_only() -> None:
    shown = recorded("show.json", Shown)
    details = model_details(model_info("ollama", Tag(name="x"), shown, None), shown)
    assert details.parameters == {"temperature": 0.2, "stop": ["<|im_end|>", "<|im_start|>"]}
    assert details.metadata["general.architecture"] == "llama"
    assert all(isinstance(value, str | int | float | bool) for value in details.metadata.values())
    assert details.template == "{{ .Prompt }}"


def test_parameters_that_are_no_json_stay_text() -> None:
    assert parameters_of("stop   [INST]\n\nnum_ctx 4096") == {"stop": "[INST]", "num_ctx": 4096}


@pytest.mark.parametrize(("text", "seconds"), [("1970-01-01T00:00:01.123456789Z", 1.123456), ("", None), ("x", None)])
def test_times_are_unix_seconds(text: str, seconds: float | None) -> None:
    assert unix_seconds(text) == seconds


@pytest.mark.parametrize(
    ("status", "digest", "ours"),
    [
        ("pulling manifest", None, "resolving"),
        ("pulling 5a3f", "sha256:5a3f", "downloading"),
        ("verifying sha256 digest", None, "verifying"),
        ("writing manifest", None, "installing"),
        ("success", None, "done"),
    ],
)
def test_the_steps_of_a_pull_have_our_names(status: str, digest: str | None, ours: str) -> None:
    assert pull_progress(Progress(status=status, digest=digest)).status == ours
