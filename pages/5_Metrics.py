"""Metrics: how good a model is, where it errs, and whether another one is better."""

from bioner.ui.metrics.page import draw
from bioner.ui.session import open_page

draw(open_page("Metrics"))
