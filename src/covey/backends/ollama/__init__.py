"""Ollama."""

from covey.backends.ollama.config import OllamaConfig
from covey.backends.ollama.engine import OllamaEngine

__all__ = ["OllamaConfig", "OllamaEngine"]
