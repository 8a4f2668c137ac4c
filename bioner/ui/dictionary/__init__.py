"""The Dictionary page."""
