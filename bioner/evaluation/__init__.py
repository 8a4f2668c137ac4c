"""Evaluation: scores, mistakes, comparisons, the gate."""
