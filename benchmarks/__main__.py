"""Run the quick form of the benchmarks, one after another: ``make bench``.

Each script's own ``--help`` says what it measures and how to run it in full.
"""

from __future__ import annotations

import subprocess
import sys

from bioner.settings import PROJECT_ROOT, read_settings

QUICK: dict[str, list[str]] = {
    "sentence_split": ["--limit", "300"],
    "review": ["--queued", "5000", "--revisions", "20000", "--rounds", "60"],
    "corpora": ["--rounds", "1"],
    "search": ["--times", "1"],
    "predict_speed": ["--sentences", "200", "--rounds", "1"],
    "external": ["models/bioner-compact"],
}
NEEDS_CORPORA = {"search", "predict_speed", "external"}
NEEDS_SHARED = {"sentence_split", "external", "corpora"}


def main() -> None:
    """Run them all; exit 1 if one failed. What lacks its data is skipped, and says so."""
    failed = []
    has_corpora = (read_settings().merged / "manifest.json").is_file()
    has_shared = (PROJECT_ROOT.parent / "shared" / "corpora").is_dir()
    for name, arguments in QUICK.items():
        print(f"\n== {name}", flush=True)
        if name in NEEDS_CORPORA and not has_corpora:
            print("skipped: needs data/merged; run `python -m bioner corpora build` first")
        elif name in NEEDS_SHARED and not has_shared:
            print("skipped: needs the real files in ../shared")
        else:
            command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
            if subprocess.run(command, cwd=PROJECT_ROOT, check=False).returncode:
                failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
