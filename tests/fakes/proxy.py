"""A proxy that says who somebody is, as a real one would: drops a header, then sets it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping


class Proxy:
    """Hands every request on to a port with its own headers in place of the visitor's."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._target = ("127.0.0.1", port)
        self.headers = dict(headers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor: socket.socket) -> None:
        with contextlib.suppress(OSError), visitor:
            head = b""
            while b"\r\n\r\n" not in head:
                more = visitor.recv(65_536)
                if not more:
                    return
                head += more
            with socket.create_connection(self._target) as app:
                app.sendall(self._told(head))
                back = threading.Thread(target=_pump, args=(app, visitor), daemon=True)
                back.start()
                _pump(visitor, app)
                back.join()

    def _told(self, head: bytes) -> bytes:
        lines, _, body = head.partition(b"\r\n\r\n")
        first, *rest = lines.decode("latin-1").split("\r\n")
        is_socket = any(line.lower().startswith("upgrade:") for line in rest)
        dropped = {name.lower() for name in self.headers}
        dropped |= set() if is_socket else {"connection"}
        kept = [line for line in rest if line.partition(":")[0].lower() not in dropped]
        kept += [f"{name}: {value}" for name, value in self.headers.items() if value]
        kept += [] if is_socket else ["Connection: close"]
        return "\r\n".join([first, *kept]).encode("latin-1") + b"\r\n\r\n" + body


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxy(port: int, **headers: str) -> Iterator[Proxy]:
    """Run a proxy to a port: ``proxy(8501, **{"X-Forwarded-User": "ann"})``."""
    found = Proxy(port, headers)
    try:
        yield found
    finally:
        found.close()
