"""Home: what is here, and what to do next."""

from bioner.ui.home.page import draw
from bioner.ui.session import open_page

draw(open_page("Home"))
