"""Jobs: a folder and a detached process each."""
