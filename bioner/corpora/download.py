"""One file from the network, into a ``.part`` that an interrupted download goes on from."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from bioner.errors import CorpusError


def download(url: str, part: Path) -> None:
    """Fetch a file, or the rest of it. Raises CorpusError where the address does not answer."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            resumed = response.status == 206
            with part.open("ab" if resumed else "wb") as sink:
                while block := response.read(1 << 16):
                    sink.write(block)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            part.unlink()
            return download(url, part)
        raise CorpusError(f"{url}: the server answered {error.code}; try again later") from error
    except OSError as error:
        raise CorpusError(
            f"{url}: not reachable ({error}); what was fetched so far is kept: run the command "
            "again with a network"
        ) from error
