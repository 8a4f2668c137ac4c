"""What the site needs beside its documents: pages made of the project's own files, its pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
FAVICON = ROOT / "bioner" / "ui" / "favicon.png"
MERMAID = ROOT / ".artifacts" / "mermaid" / "package" / "dist" / "mermaid.min.js"
"""Draws the flow charts; `make docs` fetches it with npm. Without it they are shown as written."""
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-reports.md",
    "examples/README.md": "examples.md",
}
"""Documents that lie elsewhere in the project, and the pages that are made of them."""
LINK = re.compile(r"\]\(([^)#\s]+)")


def on_config(config: Any) -> Any:
    """Have flow charts drawn by a script of the site's own, where it is there."""
    if MERMAID.is_file():
        from pymdownx.superfences import fence_code_format

        fence = {"name": "mermaid", "class": "mermaid", "format": fence_code_format}
        config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [fence]}
        config.extra_javascript.append("mermaid.min.js")
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made of the project's other documents, and the icon of the tab."""
    for source, page in PAGES.items():
        path = ROOT / source
        text = LINK.sub(lambda found: f"]({_from_root(found[1])}", path.read_text("utf-8"))
        if source.startswith("examples/"):
            text += "".join(_shown(one) for one in sorted(path.parent.glob("[a-z]*.py")))
        files.append(File.generated(config, page, content=text))
    found = {"pictures/favicon.png": FAVICON, "mermaid.min.js": MERMAID}
    for page, path in found.items():
        if path.is_file():
            files.append(File.generated(config, page, content=path.read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to documents outside the folder to the pages that are made of them."""
    depth = page.file.src_uri.count("/")

    def lead(found: re.Match[str]) -> str:
        up = "../" * (depth + 1)
        target = found[1].removeprefix(up) if found[1].startswith(up) else ""
        return f"]({'../' * depth}{PAGES[target]}" if target in PAGES else found[0]

    return LINK.sub(lead, markdown)


def _from_root(target: str) -> str:
    """Return where a link of a document of the project's own folder leads inside the site."""
    if target.endswith(".py"):
        return f"#{target.replace('.', '')}"
    return PAGES.get(target, target.removeprefix("docs/"))


def _shown(path: Path) -> str:
    return f"\n## {path.name}\n\n```python\n{path.read_text('utf-8')}```\n"
