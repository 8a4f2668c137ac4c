"""The partial-label loss: the negative log-likelihood that a tag is one of the allowed ones."""

from __future__ import annotations

import torch


def partial_label_loss(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Return ``logsumexp(all logits) - logsumexp(logits of the allowed tags)`` of each position.

    *Shape:* logits (..., tags), allowed (..., tags) bool → (...). The negative log-likelihood that
    the tag is one of the allowed ones; zero, gradient too, where all are. Cour, Sapp & Taskar 2011;
    Jie et al. 2019 for NER.
    """
    logits = logits.float()
    masked = logits.masked_fill(~allowed, float("-inf"))
    loss = torch.logsumexp(logits, dim=-1) - torch.logsumexp(masked, dim=-1)
    # Where all is allowed the two sums are equal bit by bit; the product keeps their gradient at 0.
    return loss * (~allowed.all(dim=-1))


def taught_words(allowed: torch.Tensor) -> torch.Tensor:
    """Count the positions where not every tag is allowed. *Shape:* allowed (..., tags) → ()."""
    return (~allowed.all(dim=-1)).sum()
