"""A small OpenID Connect provider: a page on which one chooses who one is, codes, signed tokens."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlencode, urlsplit

CLIENT = "bioner"
SECRET = "client-secret-of-the-tests"


class Provider(ThreadingHTTPServer):
    """Knows some people by their address; ``claims`` of one are told as they are."""

    daemon_threads = True

    def __init__(self, people: dict[str, dict[str, object]]) -> None:
        from joserfc.jwk import RSAKey

        super().__init__(("127.0.0.1", 0), _Answers)
        self.people = people
        self.codes: dict[str, tuple[str, str]] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "tests", "use": "sig"})
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(where.query).items()}
        if where.path == "/.well-known/openid-configuration":
            url = self.server.url
            self._json(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "jwks_uri": f"{url}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "code_challenge_methods_supported": ["S256"],
                }
            )
        elif where.path == "/keys":
            self._json({"keys": [self.server.key.as_dict(private=False)]})
        elif where.path == "/authorize" and "person" not in asked:
            links = "".join(
                f'<p><a id="{number}" href="{self.path}&person={quote(person)}">{person}</a></p>'
                for number, person in enumerate(self.server.people)
            )
            self._send(200, f"<h1>Who are you?</h1>{links}".encode(), "text/html")
        elif where.path == "/authorize":
            code = secrets.token_hex(8)
            self.server.codes[code] = (asked["person"], asked.get("nonce", ""))
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        else:
            self._send(404, b"", "text/plain")

    def do_POST(self) -> None:
        from joserfc import jwt

        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        person, nonce = self.server.codes.pop(form["code"][0])
        now = int(time.time())
        claims = {
            "iss": self.server.url,
            "sub": person,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 600,
            "nonce": nonce,
            "email": person,
            **self.server.people[person],
        }
        token = jwt.encode({"alg": "RS256", "kid": "tests"}, claims, self.server.key)
        self._json(
            {"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token}
        )

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def provider(people: dict[str, dict[str, object]]) -> Iterator[Provider]:
    """Run the provider."""
    with Provider(people) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def secrets_file(found: Provider) -> str:
    """Return what ``.streamlit/secrets.toml`` says for this provider."""
    return (
        "[auth]\n"
        'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        'cookie_secret = "a cookie secret of the tests, long enough"\n'
        f'client_id = "{CLIENT}"\n'
        f'client_secret = "{SECRET}"\n'
        f'server_metadata_url = "{found.url}/.well-known/openid-configuration"\n'
    )
