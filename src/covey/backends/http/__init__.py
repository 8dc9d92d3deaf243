"""The way to an engine that is reached over HTTP: a small keep-alive client of our own."""

from covey.backends.http.config import HttpConfig
from covey.backends.http.pool import HttpPool
from covey.backends.http.response import Response

__all__ = ["HttpConfig", "HttpPool", "Response"]
