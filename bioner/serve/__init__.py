"""The REST service: text in, words with tags or entities with offsets out."""

from __future__ import annotations

from bioner.serve.app import create_app
from bioner.serve.queue import Limits
from bioner.serve.server import serve

__all__ = ["Limits", "create_app", "serve"]
