"""The embedded llama.cpp engine: each loaded model runs in a child process of its own."""

from covey.backends.llamacpp.config import LlamaCppConfig, ModelFileConfig
from covey.backends.llamacpp.engine import LlamaCppEngine
from covey.backends.llamacpp.model_file import ModelFile

__all__ = ["LlamaCppConfig", "LlamaCppEngine", "ModelFile", "ModelFileConfig"]
