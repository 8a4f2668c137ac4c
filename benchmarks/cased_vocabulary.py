"""Split the vocabulary of an uncased encoder or model by case, with the training words' forms.

    python -m benchmarks.cased_vocabulary MODEL --out models/NAME [--data data/merged] [--least 5]

Devel and test words are not looked at.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bioner.corpora.dataset_folder import read_dataset
from bioner.models.cased_vocabulary import split_by_case


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("data/merged"))
    parser.add_argument("--least", type=int, default=5)
    parser.add_argument("--most", type=int, default=8_000)
    args = parser.parse_args()
    train = read_dataset(args.data, ("train",)).train
    words = (word for sentence in train for word in sentence.tokens)
    made = split_by_case(args.model, args.out, words, least=args.least, most=args.most)
    print(f"{made.kept} pieces kept, {made.added} cased ones added, {made.dropped} left out")


if __name__ == "__main__":
    main()
