"""Judging settings without training a model: only the nets of its validation are trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncast.choices.decide import decide
from rnncast.config import Config
from rnncast.errors import DataError, UsageError
from rnncast.series.encoding import Encoding
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.values import Values

if TYPE_CHECKING:
    from rnncast.training.checkpoint import Weights
    from rnncast.training.fitted import Finetune
    from rnncast.training.watch import Watch


@dataclass(frozen=True)
class Judged:
    """Scores that a model would have, by name, and the MASE [O, S] of each series at each held-out origin.

    NaN where a series is not scored.
    """

    scores: Mapping[str, float]
    losses: Values

    @property
    def mase(self) -> float:
        """Mean MASE on the held-out origins."""
        return self.scores["mase"]


class Judge:
    """Judge of settings on one panel, which computes what they share only once."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._finetune = _remembering()

    def decided(self, config: Config) -> ModelSpec:
        """Return the spec of a config. Raises UsageError or DataError if it would train or judge nothing."""
        if not config.train.validate:
            raise UsageError("settings are tuned by validation", hint="leave out --no-validate")
        spec, _ = decide(config, self.panel)
        if not spec.net.members:
            raise UsageError(f"--from {config.train.start} trains no nets, and so there is nothing to tune")
        return spec

    def judged(self, config: Config, watch: "Watch") -> Judged | None:
        """Return the scores that `Forecaster.fit` would report, the same to the bit; None if stopped early.

        Errors as `decided`; TrainingError if training diverges.
        """
        from rnncast.training.fit import judge_nets
        from rnncast.training.fitted import judgement
        from rnncast.training.shares import trains_none
        from rnncast.training.validation import Validation

        spec = self.decided(config)
        encoded = Encoding.of(self.panel, spec.frame.unused).encode(self.panel)
        validation = Validation.of(encoded, spec)
        if validation is None:
            raise DataError(
                "too few rows to hold any out, and so nothing to tune by",
                hint="give more rows or a shorter --horizon, or train with the default settings",
            )
        if trains_none(encoded, spec):
            raise DataError(
                "of so few values no net is trained: there is nothing to tune",
                hint="train with the default settings; or tune a net of your own by --from scratch",
            )
        chosen = judge_nets(encoded, spec, validation, watch)
        if chosen is None:
            return None
        found = judgement(encoded, chosen.spec, chosen.validation, chosen.nets, self._finetune)
        losses = validation.losses_of(found.quantiles)
        return Judged(
            {**found.scores, **chosen.scores},
            _laid([split.seen.ids for split in validation.splits], losses, self.panel.ids),
        )


def _laid(there: list[tuple[str, ...]], losses: list[Values], ids: tuple[str, ...]) -> Values:
    """Return losses of the series present at each origin, as [O, S]."""
    places, laid = {name: place for place, name in enumerate(ids)}, np.full((len(losses), len(ids)), np.nan)
    for origin, (names, each) in enumerate(zip(there, losses, strict=True)):
        laid[origin, [places[name] for name in names]] = each
    return laid


def _remembering() -> "Finetune":
    """Return a function that finetunes the pretrained net once for all settings that give the same result."""
    found: dict[Any, Weights] = {}

    def finetune(panel: Panel, spec: ModelSpec) -> "Weights":
        from rnncast.training.finetuning import finetuned

        key = spec.task, spec.frame.transform, spec.train.seed, spec.train.batch_size
        if key not in found:
            found[key] = finetuned(panel, spec)
        return found[key]

    return finetune
