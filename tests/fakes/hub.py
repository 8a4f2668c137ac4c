"""A hub on this machine: repositories with commits, small and large files, a token for writing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_of-this-test"
LARGE = (".safetensors", ".onnx", ".parquet")
RESOLVE = re.compile(r"/(datasets/)?([\w.-]+/[\w.-]+)/resolve/(\w+)/(.+)")


@dataclass
class Repository:
    """Files by commit, the newest last, and whether others see it."""

    is_private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def newest(self) -> str:
        return list(self.commits)[-1]

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.newest]


class Hub:
    """What the server holds: repositories by (kind, name), and what was asked."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.large: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = ""

    def commit(self, kind: str, name: str, lines: list[dict[str, Any]]) -> str:
        repository = self.repositories[kind, name]
        files = dict(repository.files) if repository.commits else {}
        for line in lines:
            told = line["value"]
            if line["key"] == "file":
                files[told["path"]] = base64.b64decode(told["content"])
            elif line["key"] == "lfsFile":
                files[told["path"]] = self.large[told["oid"]]
        sha = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        repository.commits[sha] = files
        return sha


@contextmanager
def running() -> Iterator[Hub]:
    """Serve a hub on a free port of this machine while the block runs."""
    hub = Hub()

    class Handler(Requests):
        held = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class Requests(BaseHTTPRequestHandler):
    """The few addresses of a hub that its client asks for a folder sent or fetched."""

    held: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        return None

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        path = unquote(urlsplit(self.path).path)
        self.held.asked.append(f"POST {path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "Invalid username or password."})
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
        elif path.endswith("/info/lfs/objects/batch"):
            self._offer(json.loads(body))
        elif found := re.fullmatch(r"/api/(model|dataset)s/([^/]+/[^/]+)/preupload/.+", path):
            self._sort(json.loads(body))
        elif found := re.fullmatch(r"/api/(model|dataset)s/([^/]+/[^/]+)/commit/.+", path):
            lines = [json.loads(line) for line in body.splitlines() if line.strip()]
            sha = self.held.commit(found[1], found[2], lines)
            url = f"{self.held.url}/{found[2]}/commit/{sha}"
            self._answer(200, {"success": True, "commitOid": sha, "commitUrl": url})
        else:
            self._answer(404, {"error": path})

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.held.large[hashlib.sha256(data).hexdigest()] = data
        self._answer(200, {})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.held.asked.append(f"{self.command} {path}")
        if found := RESOLVE.fullmatch(path):
            kind = "dataset" if found[1] else "model"
            self._file(self._seen(kind, found[2]), found[3], found[4])
        elif found := re.fullmatch(
            r"/api/(model|dataset)s/([^/]+/[^/]+)(?:/(revision|tree)/(\w+))?", path
        ):
            self._about(self._seen(found[1], found[2]), found[2], found[3], found[4])
        else:
            self._answer(404, {"error": path})

    def _seen(self, kind: str, name: str) -> Repository | None:
        found = self.held.repositories.get((kind, name))
        may = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        return found if found and (may or not found.is_private) else None

    def _create(self, told: dict[str, Any]) -> None:
        kind = told.get("type") or "model"
        name = (
            f"{told['organization']}/{told['name']}" if told.get("organization") else told["name"]
        )
        private = told.get("private")
        is_private = bool(private) or told.get("visibility") == "private"
        self.held.repositories.setdefault((kind, name), Repository(is_private))
        prefix = "datasets/" if kind == "dataset" else ""
        self._answer(200, {"url": f"{self.held.url}/{prefix}{name}", "id": name, "name": name})

    def _sort(self, told: dict[str, Any]) -> None:
        files = [
            {
                "path": one["path"],
                "uploadMode": "lfs" if one["path"].endswith(LARGE) else "regular",
                "shouldIgnore": False,
            }
            for one in told["files"]
        ]
        self._answer(200, {"files": files})

    def _offer(self, told: dict[str, Any]) -> None:
        offered = [
            {
                **one,
                "authenticated": True,
                "actions": {"upload": {"href": f"{self.held.url}/large/{one['oid']}"}},
            }
            for one in told["objects"]
        ]
        self._answer(200, {"transfer": "basic", "objects": offered})

    def _about(self, held: Repository | None, name: str, what: str | None, at: str | None) -> None:
        if held is None:
            self._answer(404, {"error": "Repository not found"}, missing="RepoNotFound")
            return
        sha = held.newest if at in (None, "main") else at
        if sha not in held.commits:
            self._answer(404, {"error": "Revision not found"}, missing="RevisionNotFound")
            return
        files = held.commits[sha]
        if what == "tree":
            tree = [
                {"type": "file", "path": path, "size": len(data), "oid": _oid(data)}
                for path, data in files.items()
            ]
            self._answer(200, tree)
            return
        siblings = [{"rfilename": path} for path in files]
        told = {"id": name, "sha": sha, "siblings": siblings, "private": held.is_private}
        self._answer(200, {**told, "tags": [], "downloads": 0, "likes": 0})

    def _file(self, held: Repository | None, sha: str, path: str) -> None:
        data = held.commits.get(sha, {}).get(path) if held else None
        if data is None:
            self._answer(404, {"error": path}, missing="EntryNotFound")
            return
        self.send_response(200)
        self.send_header("ETag", f'"{_oid(data)}"')
        self.send_header("X-Repo-Commit", sha)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def _answer(self, status: int, told: object, *, missing: str = "") -> None:
        data = json.dumps(told).encode()
        self.send_response(status)
        if missing:
            self.send_header("X-Error-Code", missing)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _oid(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()
