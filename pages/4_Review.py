"""Review: correct predictions, lose nothing; texts in and out, reviewers compared."""

from bioner.ui.review.page import draw
from bioner.ui.session import open_page

draw(open_page("Review"))
