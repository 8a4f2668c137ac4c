"""The service's process: an address that is safe to listen on, connections that do not linger."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.bearer import TOKENS, read_tokens
from bioner.errors import AccessError, BionerError
from bioner.models.catalogue import chosen_model
from bioner.people import is_loopback
from bioner.serve.app import create_app
from bioner.serve.queue import DocumentTagger, Limits
from bioner.settings import Settings, read_settings

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol


def serve(
    host: str = "127.0.0.1",
    port: int = 8600,
    *,
    model: str | None = None,
    settings: Settings | None = None,
    announce: Callable[[str], None] = lambda _address: None,
    load: Callable[[], DocumentTagger] | None = None,
    limits: Limits | None = None,
    with_tokens: bool = False,
) -> None:
    """Serve until interrupted; ``announce`` is called with the address once it can be reached.

    Port 0 takes a free one. Tokens are asked for where ``with_tokens`` says so, where any has been
    made, and at every address that others reach. Raises BionerError where the address cannot be
    had, AccessError where it is reached by others and there is no token, ModelError where the model
    is missing.
    """
    import uvicorn

    settings = settings or read_settings()
    if load is None:
        chosen_model(settings, model)
    bounds = limits or Limits()
    with _listen(host, port) as listener:
        tokens = _tokens(settings, host, asked=with_tokens)
        app = create_app(
            settings,
            model,
            load=load,
            limits=bounds,
            tokens=tokens,
            is_local=is_loopback(host),
        )
        shown = f"[{host}]" if ":" in host else host
        announce(f"http://{shown}:{listener.getsockname()[1]}")
        config = uvicorn.Config(
            app,
            http=_impatient(bounds.patience_s),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _tokens(settings: Settings, host: str, *, asked: bool) -> Path | None:
    path = settings.home / TOKENS
    found = read_tokens(path)
    if not found and (asked or not is_loopback(host)):
        raise AccessError(
            f"{host or 'every address of this machine'}: whoever asks must show a token, and there "
            "is none; make one with `python -m bioner tokens add NAME`"
            + ("" if is_loopback(host) else ", or listen on 127.0.0.1")
        )
    return path if found else None


def _impatient(patience_s: float) -> type[H11Protocol]:
    """Return the protocol that closes a connection on which no whole request begins in time.

    A client that opens a connection and says nothing, or its head letter by letter, would keep the
    connection for ever.
    """
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Impatient(H11Protocol):
        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._unwatch()
            super().connection_lost(exc)

        def _watch(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self._unwatch()
            elif self._waiting is None:
                self._waiting = self.loop.call_later(patience_s, self._give_up)

        def _unwatch(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None

        def _give_up(self) -> None:
            self._waiting = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.abort()

    made: Any = Impatient
    return made  # type: ignore[no-any-return]


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
        except BaseException:
            listener.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        raise BionerError(
            f"cannot listen on {host:.200}:{port} ({error}); choose another --host or --port"
        ) from error
    return listener
