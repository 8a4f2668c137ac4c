"""The service's paths: what a request may be, who may ask, what is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.bearer import Gate
from bioner.conventions import ANY
from bioner.errors import AccessError, BionerError, ConventionError, ModelError
from bioner.files import parse_json_object
from bioner.models.catalogue import chosen_model
from bioner.serve.keepers import RETRY, Doorkeeper, Json, Patience, json_answer
from bioner.serve.queue import DocumentTagger, Left, Limits, RequestError, TagQueue, Work
from bioner.settings import Settings
from bioner.spans import Document
from bioner.tagging.answers import entities, words
from bioner.text import split_document

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

FORMATS = ("words", "entities")
LOOK_S = 0.25
"""How often it is looked whether a client that waits is still there."""


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
    service = _Service(TagQueue(load or (lambda: _load_tagger(settings, model)), bounds), bounds)
    return Starlette(
        routes=[
            Route("/predict", service.predict, methods=["POST"]),
            Route("/health", service.health, methods=["GET"]),
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
        lifespan=service.lifespan,
    )


class _Service:
    """What is answered at each path, by one queue of texts."""

    def __init__(self, queue: TagQueue, limits: Limits) -> None:
        self.queue = queue
        self.limits = limits

    async def predict(self, request: Request) -> Response:
        """Answer texts with their entities."""
        form = request.query_params.get("format", "words")
        if form not in FORMATS:
            raise RequestError(400, f"format: expected {' or '.join(FORMATS)}, got {form!r}")
        body = _parse(await _read_body(request, self.limits))
        texts, single = _texts(body, self.limits.texts)
        convention = _convention(body)
        if convention != ANY:
            tagger = await asyncio.wrap_future(self.queue.ready())
            try:
                convention = tagger.conventions.find(convention, of=tagger.name).name
            except ConventionError as error:
                raise RequestError(400, str(error)) from error
        # Splitting, tagging and writing all happen off the event loop, so that /health answers.
        documents = await asyncio.to_thread(_split, texts)
        tagged = await _tagged(request, self.queue.submit(documents, convention))
        answers = await asyncio.to_thread(lambda: [_answer(d, form) for d in tagged])
        if not single:
            return await asyncio.to_thread(json_answer, {"results": answers})
        one = {"result": answers[0]} if form == "words" else answers[0]
        return await asyncio.to_thread(json_answer, one)

    async def health(self, _request: Request) -> Response:
        """Say which model answers, once it does."""
        tagger = await asyncio.wrap_future(self.queue.ready())
        return json_answer(
            {
                "status": "ok",
                "model": tagger.name,
                "backend": tagger.backend,
                "types": list(tagger.types),
                **({"conventions": list(tagger.conventions.names)} if tagger.conventions else {}),
            }
        )

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Load the model while the service is up."""
        self.queue.ready()  # a model that is missing is told to those who ask
        try:
            yield
        finally:
            await asyncio.to_thread(self.queue.close)


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


async def _on_request_error(_request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, RequestError) else 400
    headers = {503: RETRY, 408: {"Connection": "close"}}.get(status)
    return json_answer({"error": str(error)}, status, headers)


async def _on_access_error(_request: Request, error: Exception) -> Response:
    return json_answer({"error": str(error)}, 403)


async def _on_model_error(_request: Request, error: Exception) -> Response:
    return json_answer({"error": str(error)}, 503, RETRY)


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    from starlette.exceptions import HTTPException

    assert isinstance(error, HTTPException)
    return json_answer({"error": error.detail}, error.status_code, error.headers)


async def _on_crash(_request: Request, _error: Exception) -> Response:
    return json_answer({"error": "the service failed on this request; its log says why"}, 500)


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    return json_answer({"error": "the request was broken off"}, 400)
