"""Covey turns one machine, or many, into one AI inference service."""

__version__ = "0.1.0"
