"""Every file of ../shared/cases through commands and readers: the case, and whether it is ok.

python -m benchmarks.cases

Says nothing more where the cases are not there. Exit 1 where one is not as its README says.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT.parent / "shared" / "cases"
TESTS = ("commands/test_cases.py", "commands/test_case_lines.py", "formats/test_cases.py")


class Outcomes:
    """Gathers, as pytest's plugin, which tests speak of a case and what came of them."""

    def __init__(self, cases: list[str]) -> None:
        self._names = cases
        self._cases: dict[str, list[str]] = {}
        self.of_case: dict[str, list[tuple[str, str]]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Find the cases that each test names: in its arguments, else in its text."""
        for item in items:
            call = getattr(item, "callspec", None)
            said = " ".join(map(str, call.params.values())) if call else ""
            said += inspect.getsource(item.function) if isinstance(item, pytest.Function) else ""
            self._cases[item.nodeid] = [one for one in self._names if one in said]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what came of a test for each of its cases."""
        if report.when == "call" or report.outcome != "passed":
            for case in self._cases.get(report.nodeid, ()):
                self.of_case[case].append((report.outcome, report.nodeid))


def main() -> None:
    """Print each case with ok or what failed."""
    if not CASES.is_dir():
        print("../shared/cases is not here: nothing to do")
        return
    cases = sorted(one.name for one in CASES.iterdir() if one.name != "README.md")
    outcomes = Outcomes(cases)
    tests = [str(ROOT / "tests" / one) for one in TESTS]
    pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", "-m", "", *tests], [outcomes])
    wrong = 0
    for case in cases:
        found = outcomes.of_case[case]
        failed = [name for outcome, name in found if outcome != "passed"]
        wrong += bool(failed) or not found
        told = f"ok ({len(found)} checks)" if found else "no test speaks of it"
        print(f"{case} → {', '.join(failed) or told}")
    print(f"{len(cases)} cases, {wrong} not ok")
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
