"""How a job stands, as every page says it."""

from __future__ import annotations

STATUS = {
    "queued": (":material/hourglass_top:", "gray", "waiting"),
    "running": (":material/play_arrow:", "blue", "running"),
    "stopping": (":material/front_hand:", "orange", "stopping"),
    "stopped": (":material/pause_circle:", "orange", "stopped"),
    "finished": (":material/check_circle:", "green", "finished"),
    "failed": (":material/error:", "red", "failed"),
    "lost": (":material/help:", "red", "lost"),
}
"""State → its icon, its colour, its word."""
