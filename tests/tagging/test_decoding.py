"""From logits to names: whatever the network says, a mention's own name is its most likely one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.labels import read_schema
from bioner.tagging.decoding import GroupDecoder

SCHEMA = read_schema()
TAGS = 1 + 2 * len(SCHEMA.names)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.5, 8),
    st.dictionaries(
        st.sampled_from(SCHEMA.names), st.tuples(st.floats(0.2, 3), st.floats(-4, 4)), max_size=13
    ),
)
@pytest.mark.slow
def test_no_mention_has_a_second_best_above_its_first(
    seed: int, spread: float, calibration: dict[str, tuple[float, float]]
) -> None:
    chance = np.random.default_rng(seed)
    decoder = GroupDecoder(SCHEMA, calibration)
    logits = chance.normal(0, spread, (6, TAGS)).astype(np.float32)
    drafts, _ = decoder.decode(logits)
    for draft in drafts:
        span = decoder.name(draft, chance.random(len(draft.within)).astype(np.float32))
        scores = [span.score, *(one.score for one in span.alternatives)]
        assert scores == sorted(scores, reverse=True)
        assert span.label not in [one.label for one in span.alternatives]


def test_an_alternative_is_on_the_scale_of_its_own_type() -> None:
    logits = np.full((1, TAGS), -9.0, dtype=np.float32)
    number = {name: i for i, name in enumerate(SCHEMA.names)}
    logits[0, 1 + 2 * number["Chemical"]] = 0.0
    logits[0, 1 + 2 * number["Disease"]] = -1.0
    [draft], _ = GroupDecoder(SCHEMA, {}).decode(logits)
    votes = np.ones(len(draft.within), dtype=np.float32)
    plain = GroupDecoder(SCHEMA, {}).name(draft, votes)
    scaled = GroupDecoder(SCHEMA, {"Disease": (1.0, -2.0)}).name(draft, votes)
    assert plain.alternatives[0].label == scaled.alternatives[0].label == "Disease"
    assert plain.alternatives[0].score > 2 * scaled.alternatives[0].score
    assert plain.score == scaled.score
