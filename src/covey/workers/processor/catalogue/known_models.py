"""Models that can be pulled by name without any settings: small, permissively licensed, one file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covey.domain import model_names
from covey.workers.processor.config import DownloadableModel

HUB = "https://huggingface.co"


def hub(name: str, repository: str, file: str, size_bytes: int, description: str) -> DownloadableModel:
    """A file of a public hub, which declares the SHA-256 of each file with the file itself."""
    url = f"{HUB}/{repository}/resolve/main/{file}"
    return DownloadableModel(name=name, url=url, size_bytes=size_bytes, license="Apache-2.0", description=description)


KNOWN_MODELS: tuple[DownloadableModel, ...] = (
    hub("smollm2:135m", "bartowski/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct-Q4_K_M.gguf", 105_000_000,
        "Tiny; answers at once on any machine, knows little"),
    hub("smollm2:360m", "HuggingFaceTB/SmolLM2-360M-Instruct-GGUF", "smollm2-360m-instruct-q8_0.gguf", 386_000_000,
        "Very small, for simple texts"),
    hub("smollm2:1.7b", "HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF", "smollm2-1.7b-instruct-q4_k_m.gguf",
        1_060_000_000, "Small, good English"),
    hub("qwen2.5:0.5b", "Qwen/Qwen2.5-0.5B-Instruct-GGUF", "qwen2.5-0.5b-instruct-q4_k_m.gguf", 491_000_000,
        "Very small, many languages, tools"),
    hub("qwen2.5:1.5b", "Qwen/Qwen2.5-1.5B-Instruct-GGUF", "qwen2.5-1.5b-instruct-q4_k_m.gguf", 1_120_000_000,
        "Small, many languages, tools"),
    hub("qwen3:0.6b", "Qwen/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf", 640_000_000, "Very small, can think first"),
    hub("qwen3:4b", "Qwen/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf", 2_500_000_000,
        "For a laptop with 8 GB; thinks, tools"),
    hub("qwen3:8b", "Qwen/Qwen3-8B-GGUF", "Qwen3-8B-Q4_K_M.gguf", 5_030_000_000,
        "For 16 GB or a graphics card; thinks, tools"),
    hub("nomic-embed-text:v1.5", "nomic-ai/nomic-embed-text-v1.5-GGUF", "nomic-embed-text-v1.5.Q8_0.gguf",
        146_000_000, "Embeddings of English texts"),
)  # fmt: skip


def downloadable(configured: Sequence[DownloadableModel]) -> dict[str, DownloadableModel]:
    """By name; what the settings say replaces what is built in."""
    return {model.name: model for model in (*KNOWN_MODELS, *configured)}


def name_of_file(path: Path) -> str:
    """The name of a model file: that of the known model which it is a variant of, or one made from the file's name."""
    stem = model_names.from_file_name(path.name)
    for model in KNOWN_MODELS:
        if model_names.from_file_name(model.url.rpartition("/")[2]) == stem:
            return model.name
    return stem
