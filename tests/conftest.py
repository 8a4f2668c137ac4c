"""Fixtures that many tests share: the real corpora where they are, a tiny encoder, the sample."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import hypothesis
import pytest
import typer.main
from support import ROOT, SHARED

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# A test that has a home of its own has the backups beside it, never another test's.
os.environ.pop("BIONER_BACKUPS", None)

from bioner.corpora.dataset import Dataset
from bioner.corpora.merge import merge

# The commands are put together once a process, not once for each line that a test gives.
typer.main.get_command = cache(typer.main.get_command)

# A landing is judged by the same odd inputs each time; at a desk they are drawn anew.
hypothesis.settings.register_profile("steady", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("steady")

SLOW_FIXTURES = {
    "postgres_url": "starts a server",
    "tiny_encoder": "imports torch and trains",
    "exported": "exports a network",
    "shared": "reads the real corpora",
}
"""What makes a test slow whatever it does with it."""

SLOW_IMPORTS = re.compile(
    r"^(?:import|from) (?:torch|transformers|streamlit\.testing)\b"
    r"|^(?:torch = )?pytest\.importorskip\(\"torch\"",
    re.MULTILINE,
)
"""What takes seconds to import: a file of tests that begins with it is slow as a whole."""


@cache
def is_slow_to_import(path: Path) -> bool:
    """Whether a file of tests loads torch, or opens pages, before its first test."""
    return bool(SLOW_IMPORTS.search(path.read_text(encoding="utf-8")))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a file of slow tests alone where none of them is to run: its import would be paid."""
    if collection_path.suffix != ".py" or "not slow" not in config.getoption("markexpr"):
        return None
    return is_slow_to_import(collection_path) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow by what it uses, so that ``make quick`` stays quick without a list."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        slow = used & SLOW_FIXTURES.keys() or "postgres" in item.name
        if slow or is_slow_to_import(item.path):
            item.add_marker("slow")
        if "shared" in used:
            item.add_marker("corpora")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real corpora and files; the test is skipped where it is absent."""
    if not (SHARED / "corpora").is_dir():
        pytest.skip("needs the real corpora in ../shared, which is not here")
    return SHARED


@pytest.fixture(scope="session")
def sample() -> Dataset:
    """The shipped sample, merged under the curated mapping."""
    from bioner.corpora.read import read_corpora
    from bioner.labels import read_schema

    return merge(read_corpora(ROOT / "data" / "sample"), read_schema())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own: database, backups, jobs and models apart from the user's."""
    for name in ("HOME", "BACKUPS", "DATA", "MODELS", "JOBS"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    monkeypatch.delenv("BIONER_DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> Path:
    """A two-layer BERT with random weights and the sample's words as its vocabulary."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    words = sorted({t.lower() for s in sample.train for t in s.tokens})
    letters = [chr(c) for c in range(33, 127)]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    vocab += [f"##{c}" for c in letters] + [w for w in words if w not in letters]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocab),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True).save_pretrained(folder)
    return folder
