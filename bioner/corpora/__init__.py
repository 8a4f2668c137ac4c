"""Corpora: what is registered, how it is read and mapped, the merged dataset, search."""
