"""Train: launch, watch, stop and resume fine-tuning runs; compare them; choose the model in use."""

from bioner.ui.session import open_page
from bioner.ui.train.page import draw

draw(open_page("Train"))
