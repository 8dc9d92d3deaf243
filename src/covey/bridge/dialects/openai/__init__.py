"""The OpenAI dialect: chat completions, completions, embeddings and models under ``/v1``."""

from covey.bridge.dialects.openai.routes import openai_routes

__all__ = ["openai_routes"]
