"""The Frame: the settings of what a net sees at each step, in units local to that step (local normalisation).

At time t a value y becomes z = (y - level(t)) / scale(t): level is the mean of the last s values, scale an
exponentially weighted mean of |y(t) - y(t-s)|, bounded below; s is a season, or 1 where no season is to be trusted.
That is what lets one net follow trends, level shifts and series of any size (Smyl 2020, ES-RNN; Kim et al. 2022,
RevIN). Members of an ensemble may measure over different spans s: the frame has them all.

A global frame has a level and a scale that were learnt in training, the same at every step, instead; and a frame may do
without base forecasts. With both, nothing but the window says anything of the past: the control that memory is measured
against.

B series side by side, T steps, W window, H horizon, K base forecasts, L lookback, m main season (1 if there is none),
S spans, C covariates (known ones, then past ones), N other columns of a step.
Everything here is float64 and works on NumPy arrays and torch tensors alike.
"""

from dataclasses import dataclass
from functools import cached_property

from rnncast.config import NO_BASE, Role
from rnncast.frame.baselines import find_baseline
from rnncast.series.arrays import Array, namespace
from rnncast.series.sizes import from_logs
from rnncast.spec import ModelSpec

TARGET_LIMIT = 100.0  # scales; what lies further out says more of the scale than of the series
MATCHED = "matched-"  # begins the names of base forecasts that rest on covariates known ahead


@dataclass(frozen=True)
class Frame:
    """The settings of the frame; every field is fixed once a net is trained on it.

    seasons: the main one first. spans: steps whose mean is the level, and over which changes make up the scale: a
    season, or 1 for the last value. measured: how many of them, from the first, are measured over; base forecasts
    repeat the others too. horizon: steps that a net forecasts at once, 1 for the recursive strategy. baselines: names
    of the base forecasts, and base of those whose mean a net starts from; or none, and NO_BASE. constants: level and
    scale of a global frame; none of a local one. cycles: of the calendar. known, past, static:
    columns of covariates by step that are known ahead, of the others by step, and of those by series.
    """

    seasons: tuple[int, ...]
    spans: tuple[int, ...]
    window: int
    horizon: int
    log: bool
    base: tuple[str, ...]
    baselines: tuple[str, ...]
    cycles: tuple[str, ...] = ()
    known: int = 0
    past: int = 0
    static: int = 0
    measured: int = 1
    constants: tuple[float, ...] = ()

    @classmethod
    def of(cls, spec: ModelSpec) -> "Frame":
        """The frame that a ModelSpec asks for, with a span for each of the members that take them in turn."""
        own, steps = spec.frame, spec.steps_at_once
        names = (own.base, own.baselines)
        covariates = own.columns(Role(True, True)), own.columns(Role(True, False)), own.columns(Role(False, True))
        settings = (spec.task.seasons, own.level_span, own.window, steps, own.log, *names, own.calendar, *covariates)
        return cls(*settings, measured=spec.frames, constants=own.constants)

    @property
    def is_local(self) -> bool:
        """Whether level and scale are those of each series at each step."""
        return not self.constants

    @property
    def has_bases(self) -> bool:
        """Whether there are base forecasts, which imputed values are too."""
        return self.base != (NO_BASE,)

    @cached_property
    def own_spans(self) -> tuple[int, ...]:
        """S: the spans that are measured over."""
        return self.spans[: self.measured]

    @property
    def season(self) -> int:
        """m: the main season, 1 if there is none."""
        return self.seasons[0] if self.seasons else 1

    def lags(self, span: int = 0) -> tuple[int, ...]:
        """The periods that a net over one of the spans sees repeated, its own span first."""
        return tuple(dict.fromkeys((*self.spans[span:], *self.spans[:span], *self.seasons, 1)))

    @cached_property
    def matched(self) -> tuple[str, ...]:
        """The base forecasts that rest on covariates known ahead, which come first in a view."""
        return tuple(name for name in self.baselines if name.startswith(MATCHED))

    @cached_property
    def base_names(self) -> tuple[str, ...]:
        """The other base forecasts."""
        return tuple(name for name in self.baselines if name not in self.matched)

    def others(self, span: int = 0) -> tuple[str, ...]:
        """The base forecasts that come after the mean of `base` in the view of a net over one of the spans: its own
        span's first, then those of the others in turn."""
        turned = [f"last-{lag}" for lag in self.lags(span) if f"last-{lag}" in self.base_names]
        rest = [name for name in self.base_names if name not in turned]
        return tuple(name for name in (*turned, *rest) if self.base != (name,))

    @cached_property
    def bases(self) -> int:
        """K: those that rest on known covariates, the mean of `base` (the level, where there is none), and the
        others."""
        return len(self.matched) + 1 + len(self.others())

    @cached_property
    def lookback(self) -> int:
        """L: how many past values the next view needs."""
        if not self.has_bases:
            return max((self.window, *(self.own_spans if self.is_local else ())))
        seen = max(self.window, *self.lags()) + 2 * max(self.imputed_lags)
        return max((seen, *(find_baseline(name).reach for name in self.baselines)))

    @cached_property
    def imputed_lags(self) -> tuple[int, ...]:
        """Where what is imputed for a missing value is looked for: in the longest season, then the shorter ones."""
        if not self.has_bases:
            return ()
        return (*(sorted(self.seasons, reverse=True) or (1,)), 2 * self.season)

    @cached_property
    def features(self) -> int:
        """F: the window, a flag for each missing value in it, the covariates of each in it, the step's other columns,
        and what arrived, in the step before's units."""
        return (2 + self.covariates) * self.window + self.other + 1

    @cached_property
    def covariates(self) -> int:
        """C: covariates of each value."""
        return self.known + self.past

    @property
    def other(self) -> int:
        """N: sines and cosines of the calendar, and static covariates."""
        return 2 * len(self.cycles) + self.static

    @cached_property
    def leads(self) -> int:
        """Columns of Leads."""
        return (1 + (1 + len(self.lags()) if self.has_bases else 0)) * self.known

    def transform(self, y: Array) -> Array:
        """From the user's units to those the frame works in."""
        return namespace(y).log(y) if self.log else y

    def restore(self, y: Array) -> Array:
        """Back to the user's units; rising, so that quantiles stay quantiles."""
        return from_logs(y) if self.log else y

    def targets(self, future: Array, level: Array, scale: Array) -> Array:
        """The next H transformed values [B, T, H] in local units, NaN = missing, or too far out for these units."""
        targets = self.localise(future, level, scale)
        return namespace(future).where(abs(targets) > TARGET_LIMIT, float("nan"), targets)

    def localise(self, y: Array, level: Array, scale: Array) -> Array:
        """Transformed values y [B, T, ...] in units of level and scale [B, T]."""
        return (y - _trailing(level, y)) / _trailing(scale, y)

    def globalise(self, z: Array, level: Array, scale: Array) -> Array:
        """Local values z [B, T, ...] as transformed values again."""
        return z * _trailing(scale, z) + _trailing(level, z)

    def seen(self, y: Array, level: Array, scale: Array) -> Array:
        """y [B, T, ...] in local units, 0 (the level) where it or the level is missing.

        Missing values are replaced before the arithmetic: a gradient through NaN is NaN even where it is not used.
        """
        xp = namespace(y)
        level = _trailing(level, y)
        missing = xp.isnan(y) | xp.isnan(level)
        if missing.any():
            y, level = xp.where(missing, 0.0, y), xp.where(missing, 0.0, level)
        return (y - level) / _trailing(scale, y)


def _trailing(units: Array, like: Array) -> Array:
    """units [B, T] with as many axes as `like`, so that they multiply."""
    return units.reshape((*units.shape, *(1,) * (like.ndim - 2)))
