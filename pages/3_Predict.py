"""Predict: text or files in, highlighted entities out."""

from bioner.ui.predict.page import draw
from bioner.ui.session import open_page

draw(open_page("Predict"))
