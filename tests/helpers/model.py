"""Where tests find the small real model."""

from __future__ import annotations

from pathlib import Path

FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "models"


def small_model_path() -> Path:
    """SmolLM2-135M-Instruct, 98 MB. Raises when it is not there: a test that needs it fails, it does not skip."""
    path = CACHE / FILE_NAME
    if not path.exists():
        raise FileNotFoundError(
            f"the small model {FILE_NAME} is missing: run `./dev up` or `./dev test` once to get it"
        )
    return path
