"""Corpora: browse the merged corpora, their labels and how they were merged."""

from bioner.ui.corpora.page import draw
from bioner.ui.session import open_page

draw(open_page("Corpora"))
