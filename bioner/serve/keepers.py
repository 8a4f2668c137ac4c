"""Who is answered, and how long: clients too slow, other names, tokens; and an answer as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bioner.bearer import Gate
from bioner.errors import AccessError
from bioner.people import is_loopback

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

RETRY = {"Retry-After": "1"}
Json = dict[str, Any]


class Patience:
    """Gives up on a client that does not take its answer."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def bounded(message: Message) -> None:
            async with asyncio.timeout(self._seconds):
                await send(message)

        await self._app(scope, receive, bounded if scope["type"] == "http" else send)


class Doorkeeper:
    """Refuses who asks under another machine's name, or without a token that is for the path."""

    def __init__(self, app: ASGIApp, gate: Gate | None, is_local: bool) -> None:
        self._app = app
        self._gate = gate
        self._is_local = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        from starlette.datastructures import Headers

        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name, _, port = host.rpartition(":")
        if self._is_local and not is_loopback(name if name and port.isdecimal() else host):
            return json_answer(
                {"error": "ask for 127.0.0.1 or localhost: this is another name"}, 403
            )
        if self._gate is None:
            return None
        try:
            token = self._gate.find(headers.get("authorization", ""))
        except AccessError as error:
            return json_answer({"error": str(error)}, 503, RETRY)
        if token is None:
            return json_answer(
                {"error": "show a token that holds: Authorization: Bearer …"},
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        if scope["path"].strip("/") not in token.scopes:
            return json_answer({"error": f"this token is for {', '.join(token.scopes)} alone"}, 403)
        return None


def json_answer(
    content: Json, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a JSON object."""
    from starlette.responses import Response

    try:
        body = json.dumps(content, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, which JSON can only carry escaped
        body = json.dumps(content).encode("ascii")
    return Response(body, status, headers, media_type="application/json")
