from __future__ import annotations

import struct
from pathlib import Path

import pytest

from covey.backends.llamacpp.gguf import Header, read_header
from covey.backends.llamacpp.sampling_defaults import sampling_defaults, with_defaults
from covey.protocol.inference import Sampling
from tests.helpers.gguf import gguf, pair, text

UINT32, FLOAT32, BOOL, STRING = 4, 6, 7, 8


def header(tmp_path: Path, *pairs: bytes) -> Header:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf(pairs=[pair("general.architecture", STRING, text("llama")), *pairs]))
    return read_header(path)


def number(name: str, value: float) -> bytes:
    return pair(f"general.sampling.{name}", FLOAT32, struct.pack("<f", value))


def test_what_the_makers_recommend_is_read_as_they_wrote_it(tmp_path: Path) -> None:
    found = header(
        tmp_path,
        number("temp", 0.7),
        number("top_p", 0.95),
        pair("general.sampling.top_k", UINT32, struct.pack("<I", 20)),
        number("min_p", 0.0),
        number("penalty_repeat", 1.05),
        number("mirostat_tau", 5.0),
    )
    assert sampling_defaults(found) == {
        "temperature": 0.7, "top_p": 0.95, "top_k": 20, "min_p": 0.0, "repeat_penalty": 1.05
    }  # fmt: skip


def test_a_file_without_recommendations_has_none(tmp_path: Path) -> None:
    assert sampling_defaults(header(tmp_path)) == {}


@pytest.mark.parametrize(
    "strange",
    [
        number("temp", 9.0),
        number("temp", -1.0),
        number("temp", float("nan")),
        number("temp", float("inf")),
        pair("general.sampling.temp", STRING, text("hot")),
        pair("general.sampling.temp", BOOL, b"\1"),
    ],
)
def test_what_no_request_could_ask_for_is_passed_over(tmp_path: Path, strange: bytes) -> None:
    assert sampling_defaults(header(tmp_path, strange)) == {}


def test_what_is_asked_for_comes_first() -> None:
    asked = Sampling(temperature=0.0, seed=1)
    assert with_defaults(asked, {"temperature": 0.7, "top_k": 20}) == Sampling(temperature=0.0, top_k=20, seed=1)
    assert with_defaults(asked, {}) is asked
    assert with_defaults(asked, {"temperature": 0.7}) is asked
