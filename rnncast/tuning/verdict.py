"""Verdict of a search: is the best trial better than the default settings by more than the noise of its selection?"""

from dataclasses import dataclass

import numpy as np

from rnncast.evaluate.significance import ALPHA, best_of_many_p
from rnncast.evaluate.verdict import TIE, small_p_in_words
from rnncast.plain import counted
from rnncast.tuning.search import Found
from rnncast.tuning.trial import Trial


@dataclass(frozen=True)
class Verdict:
    """Best trial against the default settings.

    p: that the best of this many is no better than the default, the larger of the p-values over series and over
    origins; None if there are too few of both. margin: relative reduction of MASE. beaten: whether the default is
    beaten, by more than chance and more than a tie.
    """

    best: Trial
    default: Trial
    margin: float
    p: float | None
    sentence: str

    @property
    def beaten(self) -> bool:
        """True if the default settings are beaten."""
        return self.p is not None and self.p < ALPHA and self.margin > TIE

    @property
    def chosen(self) -> Trial:
        """Trial whose settings are to be used: the default, unless it is beaten."""
        return self.best if self.beaten else self.default


def judge(found: Found) -> Verdict:
    """Judge the best of the finished trials, one of which has the default settings.

    MASE is paired by series and by origin, and tested as the best of all trials (`best_of_many_p`): that some of fifty
    settings are luckier than others on the horizons that select them is no evidence. As in `compare`, the larger p of
    the two counts, and p < 0.05 and more than 1 % are required.
    """
    finished = [trial for trial in found.trials if trial.finished]
    default = found.trials[0]
    best = min(finished, key=lambda trial: trial.mase or 0.0)
    margin = 1 - (best.mase or 0.0) / default.mase if default.mase else 0.0
    p = None if best is default else _p([trial for trial in finished if trial is not default], best, default)
    return Verdict(best, default, margin, p, _sentence(found, (best, default), margin, p))


def _p(others: list[Trial], best: Trial, default: Trial) -> float | None:
    chosen = others.index(best)
    tested = []
    for units in ("by_series", "by_origin"):
        ours, theirs = np.array(getattr(default, units)), np.array([getattr(trial, units) for trial in others])
        known = ~np.isnan(ours)
        tested.append(best_of_many_p(ours[known] - theirs[:, known], chosen))
    return max((p for p in tested if p is not None), default=None)


def _sentence(found: Found, pair: tuple[Trial, Trial], margin: float, p: float | None) -> str:
    best, default = pair
    origins = len(default.by_origin)
    where = f"on the last {f'{origins} horizons' if origins > 1 else 'horizon'} of the data"
    count = counted(len(found.trials), "trial")
    if best is default:
        return f"No trial is better than the default settings, which have MASE {default.mase:.3f} {where} ({count})."
    scores = f"MASE {best.mase:.3f} against {default.mase:.3f}"
    selected = f"{where}, by which it was selected"
    if p is not None and p < ALPHA and margin > TIE:
        chance = f"{small_p_in_words(p)}, best of {count}"
        return f"Trial {best.number} beats the default settings: {scores} {selected} ({chance})."
    if p is None:
        series = counted(sum(v == v for v in default.by_series), "series", "series")
        reason = f"{counted(origins, 'origin')} of {series} cannot tell skill from luck"
    elif p < ALPHA:
        reason = "too little to matter"
    else:
        reason = f"which may be chance (p = {p:.2f}, best of {count})"
    return f"The default settings are not beaten: trial {best.number} has {scores} {selected}; {reason}."
