"""The service's paths: what a request may be, who may ask, what is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.access import is_loopback
from bioner.bearer import Gate
from bioner.conventions import ANY
from bioner.errors import AccessError, BionerError, ConventionError, ModelError
from bioner.files import parse_json_object
from bioner.models.catalogue import chosen_model
from bioner.serve.queue import DocumentTagger, Left, Limits, RequestError, TagQueue, Work
from bioner.settings import Settings
from bioner.spans import Document
from bioner.tagging.answers import entities, words
from bioner.text import split_document

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORMATS = ("words", "entities")
RETRY = {"Retry-After": "1"}
LOOK_S = 0.25
"""How often it is looked whether a client that waits is still there."""
Json = dict[str, Any]


def create_app(
    settings: Settings,
    model: str | None = None,
    *,
    load: Callable[[], DocumentTagger] | None = None,
    limits: Limits | None = None,
    tokens: Path | None = None,
    is_local: bool = False,
) -> Starlette:
    """Make the service for a model (by default the active one).

    ``POST /predict`` takes ``{"text": …}`` or ``{"texts": […]}`` and answers ``{"result": [{"word",
    "tag", "confidence"}, …]}``, a word each, in the shape of BERT-NER's API; with
    ``?format=entities``, ``{"text", "entities": [{"start", "end", "text", "label", "score",
    "alternatives"}]}`` with code-point offsets into the text as given. ``{"texts"}`` answers
    ``{"results": […]}`` with one such value a text. ``"convention"`` beside them says whose rules
    of marking hold. ``GET /health`` says which model answers, and the conventions that it knows.
    Errors are ``{"error": "one sentence"}`` with status 400, 401, 403, 404, 405, 408, 413, 500 or
    503. No CORS header is ever sent. ``load`` replaces the loading of the model's tagger. With
    ``tokens``, a file, each request shows one of its tokens (``Authorization: Bearer …``).
    ``is_local``: only requests that name this machine are answered.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.requests import ClientDisconnect
    from starlette.routing import Route

    bounds = limits or Limits()
    queue = TagQueue(load or (lambda: _load_tagger(settings, model)), bounds)

    async def predict(request: Request) -> Response:
        form = request.query_params.get("format", "words")
        if form not in FORMATS:
            raise RequestError(400, f"format: expected {' or '.join(FORMATS)}, got {form!r}")
        body = _parse(await _read_body(request, bounds))
        texts, single = _texts(body, bounds.texts)
        convention = _convention(body)
        if convention != ANY:
            tagger = await asyncio.wrap_future(queue.ready())
            try:
                convention = tagger.conventions.find(convention, of=tagger.name).name
            except ConventionError as error:
                raise RequestError(400, str(error)) from error
        # Splitting, tagging and writing all happen off the event loop, so that /health answers.
        documents = await asyncio.to_thread(_split, texts)
        tagged = await _tagged(request, queue.submit(documents, convention))
        answers = await asyncio.to_thread(lambda: [_answer(d, form) for d in tagged])
        if not single:
            return await asyncio.to_thread(_json, {"results": answers})
        one = {"result": answers[0]} if form == "words" else answers[0]
        return await asyncio.to_thread(_json, one)

    async def health(_request: Request) -> Response:
        tagger = await asyncio.wrap_future(queue.ready())
        return _json(
            {
                "status": "ok",
                "model": tagger.name,
                "backend": tagger.backend,
                "types": list(tagger.types),
                **({"conventions": list(tagger.conventions.names)} if tagger.conventions else {}),
            }
        )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        queue.ready()  # a model that is missing is told to those who ask
        try:
            yield
        finally:
            await asyncio.to_thread(queue.close)

    return Starlette(
        routes=[
            Route("/predict", predict, methods=["POST"]),
            Route("/health", health, methods=["GET"]),
        ],
        exception_handlers={
            RequestError: _on_request_error,
            ModelError: _on_model_error,
            AccessError: _on_access_error,
            Left: _on_disconnect,
            HTTPException: _on_http_exception,
            ClientDisconnect: _on_disconnect,
            500: _on_crash,
        },
        middleware=[
            Middleware(Patience, seconds=bounds.patience_s),
            Middleware(Doorkeeper, gate=Gate(tokens) if tokens else None, is_local=is_local),
        ],
        lifespan=lifespan,
    )


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
            return _json({"error": "ask for 127.0.0.1 or localhost: this is another name"}, 403)
        if self._gate is None:
            return None
        try:
            token = self._gate.find(headers.get("authorization", ""))
        except AccessError as error:
            return _json({"error": str(error)}, 503, RETRY)
        if token is None:
            return _json(
                {"error": "show a token that holds: Authorization: Bearer …"},
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        if scope["path"].strip("/") not in token.scopes:
            return _json({"error": f"this token is for {', '.join(token.scopes)} alone"}, 403)
        return None


async def _tagged(request: Request, work: Work) -> list[Document]:
    """Return the tagged documents; what nobody waits for any more is not tagged to its end."""
    from starlette.requests import ClientDisconnect

    answer = asyncio.wrap_future(work.answer)
    try:
        while not answer.done():
            await asyncio.wait({answer}, timeout=LOOK_S)
            if not answer.done() and await request.is_disconnected():
                raise ClientDisconnect
        return answer.result()
    finally:
        if not answer.done():
            work.leave()


def _load_tagger(settings: Settings, model: str | None) -> DocumentTagger:
    from bioner.tagging.load import load_tagger

    folder = chosen_model(settings, model)
    return load_tagger(folder, device=settings.device)


async def _read_body(request: Request, limits: Limits) -> bytes:
    try:
        async with asyncio.timeout(limits.patience_s):
            return await _read_all(request, limits.body_bytes)
    except TimeoutError as error:
        raise RequestError(
            408, f"the request was not here whole after {limits.patience_s:g} seconds"
        ) from error


async def _read_all(request: Request, limit: int) -> bytes:
    too_long = RequestError(
        413, f"the request is longer than {limit:,} bytes: send it in several parts"
    )
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_long
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_long
    return bytes(body)


def _parse(body: bytes) -> Json:
    try:
        return parse_json_object(body, "the body", BionerError, halves=True)
    except BionerError as error:
        raise RequestError(400, f'{error}: send {{"text": "…"}} or {{"texts": ["…"]}}') from error


def _texts(body: Json, limit: int) -> tuple[list[str], bool]:
    """Return the texts of a request, and whether it was a single one."""
    if ("text" in body) == ("texts" in body):
        raise RequestError(400, 'expected either "text" or "texts" in the JSON object')
    single = "text" in body
    texts = [body["text"]] if single else body["texts"]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        expected = '"text" to be a string' if single else '"texts" to be a list of strings'
        raise RequestError(400, f"expected {expected}")
    if len(texts) > limit:
        raise RequestError(413, f"{len(texts):,} texts in one request; the limit is {limit:,}")
    return texts, single


def _convention(body: Json) -> str:
    name = body.get("convention", ANY)
    if not isinstance(name, str):
        raise RequestError(400, 'expected "convention" to be a string')
    return name or ANY


def _split(texts: Sequence[str]) -> list[Document]:
    return [split_document(text, id=str(i)) for i, text in enumerate(texts)]


def _answer(document: Document, form: str) -> Any:
    return entities(document) if form == "entities" else words(document)


def _json(content: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    from starlette.responses import Response

    try:
        body = json.dumps(content, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, which JSON can only carry escaped
        body = json.dumps(content).encode("ascii")
    return Response(body, status, headers, media_type="application/json")


async def _on_request_error(_request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, RequestError) else 400
    headers = {503: RETRY, 408: {"Connection": "close"}}.get(status)
    return _json({"error": str(error)}, status, headers)


async def _on_access_error(_request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 403)


async def _on_model_error(_request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 503, RETRY)


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    from starlette.exceptions import HTTPException

    assert isinstance(error, HTTPException)
    return _json({"error": error.detail}, error.status_code, error.headers)


async def _on_crash(_request: Request, _error: Exception) -> Response:
    return _json({"error": "the service failed on this request; its log says why"}, 500)


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    return _json({"error": "the request was broken off"}, 400)
