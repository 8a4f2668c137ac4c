"""Measure building, opening and browsing the merged corpora.

    python -m benchmarks.corpora [--source ../shared/corpora] [--rounds 3] [--flair-python PATH]
        [--json FILE]

*Build*: from the corpora's files to the merged folder (reading, mapping, leaks, fusing, Parquet and
CoNLL), each time in a fresh process, against flair's ``ColumnCorpus`` merely reading the same files
into memory. Rounds alternate between the two and the ratio of the medians counts, so that a busy
machine slows both alike; the processor's time is given beside, and the most memory each process
had. The clocks start after the imports. flair has an environment of its own, outside the checkout:

    python -m venv /tmp/flair && /tmp/flair/bin/pip install flair
    python -m benchmarks.corpora --flair-python /tmp/flair/bin/python

*Open*: the merged sentences as values (training), and as the pages open them.
*Page*: each interaction of the Corpora page on these data, as Streamlit runs it, without the
browser's own drawing; the first visit of a part and the later ones. The guide is 1 s: marked where
the processor's time, which other work on the machine does not lengthen, is above it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bioner.corpora.read import find_folder
from bioner.corpora.registry import CORPORA
from bioner.settings import PROJECT_ROOT

Result = dict[str, float]

MEASURE = """
import json, resource, sys, time
class Clock:
    def __enter__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self
    def __exit__(self, *_):
        self.wall, self.cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
    def told(self, **more):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"wall_s": self.wall, "cpu_s": self.cpu, "peak_mib": peak, **more}))
"""
BUILD = """
from pathlib import Path
import pyarrow.parquet
from bioner.corpora.build import build
from bioner.settings import read_settings
with Clock() as clock:
    dataset = build(Path(sys.argv[1]), Path(sys.argv[2]), read_settings())
clock.told(sentences=dataset.report.read, fingerprint=dataset.fingerprint)
"""
FLAIR = """
import logging
from flair.datasets import ColumnCorpus
logging.disable()
with Clock() as clock:
    corpora = [
        ColumnCorpus(folder, {0: "text", 1: "ner"}, train_file="train.tsv", dev_file="devel.tsv",
                     test_file="test.tsv")
        for folder in sys.argv[1:]
    ]
clock.told(sentences=sum(len(part) for one in corpora for part in (one.train, one.dev, one.test)))
"""
OPEN = """
from pathlib import Path
import pyarrow.parquet
from bioner.corpora.dataset_folder import read_dataset
with Clock() as clock:
    dataset = read_dataset(Path(sys.argv[1]))
clock.told(sentences=len(dataset.train) + len(dataset.devel) + len(dataset.test))
"""
SHELF = """
from pathlib import Path
import pyarrow.parquet
from bioner.corpora.search import SearchIndex
from bioner.corpora.overview import open_merged
SearchIndex.open(Path(sys.argv[1]))
with Clock() as clock:
    shelf = open_merged(Path(sys.argv[1]))
    index = SearchIndex.open(Path(sys.argv[1]))
clock.told(sentences=index.sentences)
"""
PAGE = """
from streamlit.testing.v1 import AppTest
page = AppTest.from_file(sys.argv[1], default_timeout=600)
page.switch_page("pages/1_Corpora.py")
seen = {}
def do(name, act=lambda: None):
    with Clock() as clock:
        act()
        page.run()
    assert not page.exception and not page.error, (name, page.exception, page.error)
    seen[name] = {"wall_s": clock.wall, "cpu_s": clock.cpu}
def part(name):
    return lambda: page.segmented_control(key="corpora_part").set_value(name)
def choose(kind, key, value):
    return lambda: getattr(page, kind)(key=key).set_value(value)
do("first open")
do("overview: test split", choose("segmented_control", "corpora_split", "test"))
do("to sentences, first", part("sentences"))
do("sentences: words", choose("text_input", "corpora_query", "TGF-beta"))
do("sentences: a corpus", choose("multiselect", "corpora_filter_corpora", ["BioNLP13CG"]))
do("sentences: what nobody looked for", choose("toggle", "corpora_covers", True))
do("sentences: all of CRAFT", lambda: (
    page.text_input(key="corpora_query").set_value(""),
    page.multiselect(key="corpora_filter_corpora").set_value(["CRAFT"])))
do("to top mentions, first", part("surfaces"))
do("to disagreements, first", part("lens"))
do("disagreements: boundaries", choose("segmented_control", "lens_kind", "boundaries"))
do("to mapping", part("mapping"))
do("mapping: CRAFT", choose("selectbox", "corpora_mapping", "CRAFT"))
do("mapping: another type", choose("selectbox", "mapping_CRAFT_CL", "Tissue"))
do("mapping: words, first", choose("text_area", "mapping_CRAFT_Taxon_Taxon", "mammals"))
do("mapping: words", choose("text_area", "mapping_CRAFT_Taxon_Taxon", "mammals\\nbirds"))
for name in ("merge", "own", "sources", "overview", "sentences", "surfaces", "lens"):
    do(f"to {name}", part(name))
print(json.dumps(seen))
"""


def run(python: str, code: str, *words: str, environment: dict[str, str]) -> Result:
    """Run code in a fresh process; return what its last line says."""
    done = subprocess.run(
        [python, "-c", MEASURE + code, *words],
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{python}: {done.stderr.strip()[-2000:]}")
    told: Result = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def median_of(results: list[Result]) -> Result:
    """Return each number's median over the rounds."""
    return {
        name: statistics.median(one[name] for one in results)
        for name in ("wall_s", "cpu_s", "peak_mib", "sentences")
    }


def print_row(name: str, found: Result) -> None:
    """Print one measurement."""
    print(
        f"{name:<44}{found['wall_s']:>9.2f} s{found['cpu_s']:>9.2f} s"
        f"{found['peak_mib']:>9.0f} MiB{found['sentences']:>10,.0f} sentences",
        flush=True,
    )


def build_against_flair(
    source: Path, folder: Path, rounds: int, flair: str, environment: dict[str, str]
) -> dict[str, Result]:
    """Build and, if there is one, let flair read, in turns; print both and their ratio."""
    found = [find_folder(source, info) for info in CORPORA.values()]
    folders = [str(one.resolve()) for one in found if one]
    ours: list[Result] = []
    theirs: list[Result] = []
    for _ in range(rounds):
        ours.append(run(sys.executable, BUILD, str(source), str(folder), environment=environment))
        if flair:
            theirs.append(run(flair, FLAIR, *folders, environment=environment))
    results = {"build": median_of(ours)}
    print(f"{'median of ' + str(rounds) + ' rounds':<44}{'clock':>11}{'processor':>11}{'peak':>13}")
    print_row(f"build: read, merge, write ({len(folders)} corpora)", results["build"])
    if not theirs:
        print("flair: not measured; give the Python of an environment with it: --flair-python PATH")
        return results
    results["flair"] = median_of(theirs)
    print_row("flair's ColumnCorpus: read", results["flair"])
    ratio = {
        name: results["flair"][f"{name}_s"] / results["build"][f"{name}_s"]
        for name in ("wall", "cpu")
    }
    results["ratio"] = ratio
    print(
        f"flair reading / our building: {ratio['wall']:.2f} by the clock, {ratio['cpu']:.2f} by "
        f"the processor (target: at least 1): {'met' if ratio['wall'] >= 1 else 'MISSED'}"
    )
    return results


def browse(data: Path, environment: dict[str, str]) -> dict[str, Result]:
    """Measure the page's interactions and print them."""
    told = run(
        sys.executable,
        PAGE,
        str(PROJECT_ROOT / "app.py"),
        environment={**environment, "BIONER_DATA": str(data)},
    )
    found: dict[str, Result] = dict(told)  # type: ignore[arg-type]
    print(f"\n{'interaction with the Corpora page':<44}{'clock':>11}{'processor':>11}")
    for name, one in found.items():
        slow = "  over 1 s" if one["cpu_s"] > 1 else ""
        print(f"{name:<44}{one['wall_s']:>9.2f} s{one['cpu_s']:>9.2f} s{slow}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--source", type=Path, default=PROJECT_ROOT.parent / "shared" / "corpora")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flair-python", default="", help="the Python that has flair")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    source = options.source.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        environment = {
            f"BIONER_{name}": str(Path(scratch) / name.lower())
            for name in ("HOME", "BACKUPS", "JOBS")
        }
        merged = data / "merged"
        results: dict[str, object] = dict(
            build_against_flair(source, merged, options.rounds, options.flair_python, environment)
        )
        for name, code, title in (
            ("open", OPEN, "open the merged sentences as values"),
            ("shelf", SHELF, "open them as the pages do, with the search"),
        ):
            opened = median_of(
                [
                    run(sys.executable, code, str(merged), environment=environment)
                    for _ in range(options.rounds)
                ]
            )
            print_row(title, opened)
            results[name] = opened
        results["page"] = browse(data, environment)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
