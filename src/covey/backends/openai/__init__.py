"""Any server with OpenAI's API: vLLM, SGLang, llama-server and their like."""

from covey.backends.openai.config import OpenAIConfig, OpenAIModel
from covey.backends.openai.engine import OpenAICompatibleEngine

__all__ = ["OpenAICompatibleEngine", "OpenAIConfig", "OpenAIModel"]
