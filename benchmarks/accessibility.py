"""What axe-core finds on a page that keeps people out who see, point or hear otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

NOT_OURS: Mapping[tuple[str, str], str] = {}
"""Findings in what Streamlit draws and we cannot change: (rule, part of the selector or markup)."""

RUN = """async rules => {
  const chosen = rules.length ? {runOnly: {type: 'rule', values: rules}} : {};
  const found = await axe.run(document, {...chosen, resultTypes: ['violations']});
  return found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .flatMap(one => one.nodes.map(node => ({
      rule: one.id, impact: one.impact, help: one.help,
      where: node.target.flat().join(' '), markup: node.html.slice(0, 240),
      why: (node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? '',
    })));
}"""


@dataclass(frozen=True)
class Finding:
    """One element that breaks a rule of axe-core at the level serious or critical."""

    rule: str
    impact: str
    help: str
    where: str
    markup: str
    why: str

    @property
    def is_ours(self) -> bool:
        """Whether it is in what we draw, or could draw otherwise."""
        place = f"{self.where} {self.markup}"
        return not any(self.rule == rule and part in place for rule, part in NOT_OURS)

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}): {self.where[-120:]}: {self.markup[:160]}: {self.why}"


def look_with_axe(tab: Any, *rules: str) -> list[Finding]:
    """Return the serious and critical findings of ours on the page that is open (of some rules)."""
    if not tab.evaluate("() => 'axe' in window"):
        script = files("axe_playwright_python") / "axe.min.js"
        tab.evaluate(script.read_text(encoding="utf-8"))
    found = [Finding(**one) for one in tab.evaluate(RUN, list(rules))]
    return [one for one in found if one.is_ours]
