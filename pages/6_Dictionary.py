"""Dictionary: the terms that texts yield, by concept, decided about and taken out."""

from bioner.ui.dictionary.page import draw
from bioner.ui.session import open_page

draw(open_page("Dictionary"))
