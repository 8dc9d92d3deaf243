from __future__ import annotations

import pytest

from covey.domain import model_names


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct"),
        ("Qwen3-4B-Q4_K_M.gguf", "qwen3-4b"),
        ("nomic-embed-text-v1.5.Q8_0.gguf", "nomic-embed-text-v1.5"),
        ("model-f16.GGUF", "model"),
        ("../../x y.gguf", "x-y"),
        (".gguf", "model"),
    ],
)
def test_a_file_name_becomes_a_plain_name(file: str, name: str) -> None:
    assert model_names.from_file_name(file) == name
    assert model_names.is_valid(name)


@pytest.mark.parametrize("name", ["smollm2:135m", "a", "hub/some-model:q4_k.m", "A.B-c_d"])
def test_usual_names_are_valid(name: str) -> None:
    assert model_names.is_valid(name)


@pytest.mark.parametrize(
    "name", ["", ":a", "a:", "../a", "a/../b", "a b", "a\n", "/a", "a//b", "a" * 129, "*", "ä", "-a"]
)
def test_d5_dangerous_names_are_not_valid(name: str) -> None:
    assert not model_names.is_valid(name)


def test_spellings_are_the_name_itself_first() -> None:
    assert model_names.spellings("Big:latest") == ("Big:latest", "Big", "big")
    assert model_names.spellings("big") == ("big",)


def test_the_nearest_names_are_few() -> None:
    known = ["smollm2:135m", "smollm2:360m", "smollm2:1.7b", "smollm2:x", "qwen3:4b"]
    assert len(model_names.nearest("smollm2", known)) == 3
    assert model_names.nearest("QWEN3:4", known) == ["qwen3:4b"]
    assert model_names.nearest("zzz" * 10_000, known) == []
