"""Frame: the settings of a net's inputs at each step, in units local to that step (local normalisation).

At time t a value y becomes z = (y - level(t)) / scale(t): the level is the mean of the last s values, the scale an
exponentially weighted mean of |y(t) - y(t-s)|, bounded below; s is a season, or 1 if no season can be trusted. This
lets one net follow trends, level shifts and series of any size (Smyl 2020, ES-RNN; Kim et al. 2022, RevIN). Members of
an ensemble may use different spans s: the frame has them all.

A global frame uses a constant level and scale learnt in training instead; and a frame may have no base forecasts. With
both, only the window carries information about the past: the control against which memory is measured.

B series side by side, T steps, W window, H horizon, K base forecasts, L lookback, m main season (1 if there is none), S
spans, C covariates (known ones, then past ones), N other columns of a step. Everything here is float64 and works on
NumPy arrays and torch tensors alike.
"""

from dataclasses import dataclass
from functools import cached_property

from rnncast.config import NO_BASE, Role
from rnncast.frame.baselines import find_baseline
from rnncast.series.arrays import Array, any_missing, namespace
from rnncast.series.sizes import from_logs
from rnncast.spec import ModelSpec

TARGET_LIMIT = 100.0  # scales; a target further out says more about the scale than about the series
MATCHED = "matched-"  # prefix of base forecasts that depend on covariates known ahead


@dataclass(frozen=True)
class Frame:
    """Settings of the frame, all fixed once a net is trained on it.

    seasons: the main one first. spans: numbers of steps whose mean is the level and over which changes give the scale:
    a season, or 1 for the last value. measured: how many of them, from the first, give units; the others serve base
    forecasts only. horizon: steps that a net forecasts at once, 1 for the recursive strategy. baselines: names of the
    base forecasts; base: those whose mean a net starts from, or NO_BASE. constants: level and scale of a global frame;
    empty for a local one. linear: values that a linear forecast beside the nets sees, 0 for none. cycles: of the
    calendar. known, past, static: number of columns of covariates by step known ahead, of the others by step, and of
    those by series.
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
    linear: int = 0

    @classmethod
    def of(cls, spec: ModelSpec) -> "Frame":
        """Return the frame that a ModelSpec asks for, with a span for each of the members, which take turns."""
        own, steps = spec.frame, spec.steps_at_once
        names = (own.base, own.baselines)
        covariates = own.columns(Role(True, True)), own.columns(Role(True, False)), own.columns(Role(False, True))
        settings = (spec.task.seasons, own.level_span, own.window, steps, own.log, *names, own.calendar, *covariates)
        linear = spec.net.lags if spec.net.linear else 0
        return cls(*settings, measured=spec.frames, constants=own.constants, linear=linear)

    @property
    def is_local(self) -> bool:
        """True if level and scale are those of each series at each step."""
        return not self.constants

    @property
    def has_bases(self) -> bool:
        """True if there are base forecasts, and so imputed values."""
        return self.base != (NO_BASE,)

    @cached_property
    def own_spans(self) -> tuple[int, ...]:
        """Spans that give units [S]."""
        return self.spans[: self.measured]

    @property
    def season(self) -> int:
        """Main season m, 1 if there is none."""
        return self.seasons[0] if self.seasons else 1

    def lags(self, span: int = 0) -> tuple[int, ...]:
        """Return the periods whose repetition a net with this span sees, its own span first."""
        return tuple(dict.fromkeys((*self.spans[span:], *self.spans[:span], *self.seasons, 1)))

    @cached_property
    def matched(self) -> tuple[str, ...]:
        """Base forecasts that depend on covariates known ahead, which come first in a view."""
        return tuple(name for name in self.baselines if name.startswith(MATCHED))

    @cached_property
    def base_names(self) -> tuple[str, ...]:
        """Other base forecasts, by name."""
        return tuple(name for name in self.baselines if name not in self.matched)

    def others(self, span: int = 0) -> tuple[str, ...]:
        """Return the base forecasts after the mean of `base` in a view with this span: that of the span, then the
        others in turn."""
        turned = [f"last-{lag}" for lag in self.lags(span) if f"last-{lag}" in self.base_names]
        rest = [name for name in self.base_names if name not in turned]
        return tuple(name for name in (*turned, *rest) if self.base != (name,))

    @cached_property
    def bases(self) -> int:
        """Number of base forecasts K: those matched by covariates, the mean of `base` (the level, if none), and the
        others."""
        return len(self.matched) + 1 + len(self.others())

    @cached_property
    def lookback(self) -> int:
        """Number of past values L that the next view needs."""
        if not self.has_bases:
            return max((self.window, *(self.own_spans if self.is_local else ())))
        seen = max(self.window, self.linear, *self.lags()) + 2 * max(self.imputed_lags)
        return max((seen, *(find_baseline(name).reach for name in self.baselines)))

    @cached_property
    def imputed_lags(self) -> tuple[int, ...]:
        """Lags at which a replacement for a missing value is looked for: the longest season first."""
        if not self.has_bases:
            return ()
        return (*(sorted(self.seasons, reverse=True) or (1,)), 2 * self.season)

    @cached_property
    def features(self) -> int:
        """Number of inputs F.

        They are the window, a flag for each missing value in it, the covariates of each value in it, the other columns
        of the step, and the newest value in the units of the step before.
        """
        return (2 + self.covariates) * self.window + self.other + 1

    @cached_property
    def covariates(self) -> int:
        """Number of covariates of each value C."""
        return self.known + self.past

    @property
    def other(self) -> int:
        """Number of other columns N: sines and cosines of the calendar, and static covariates."""
        return 2 * len(self.cycles) + self.static

    @cached_property
    def leads(self) -> int:
        """Number of columns of Leads."""
        return (1 + (1 + len(self.lags()) if self.has_bases else 0)) * self.known

    def transform(self, y: Array) -> Array:
        """Return values in the user's units as values in the frame's: their logarithms, or unchanged."""
        return namespace(y).log(y) if self.log else y

    def restore(self, y: Array) -> Array:
        """Return transformed values in the user's units; rising, so that quantiles stay quantiles."""
        return from_logs(y) if self.log else y

    def targets(self, future: Array, level: Array, scale: Array) -> Array:
        """Return the next H transformed values [B, T, H] in local units; NaN if missing or too far out for these
        units."""
        targets = self.localise(future, level, scale)
        return namespace(future).where(abs(targets) > TARGET_LIMIT, float("nan"), targets)

    def localise(self, y: Array, level: Array, scale: Array) -> Array:
        """Return transformed values y [B, T, ...] in units of level and scale [B, T]."""
        return (y - _trailing(level, y)) / _trailing(scale, y)

    def globalise(self, z: Array, level: Array, scale: Array) -> Array:
        """Return local values z [B, T, ...] as transformed values again."""
        return z * _trailing(scale, z) + _trailing(level, z)

    def seen(self, y: Array, level: Array, scale: Array) -> Array:
        """Return y [B, T, ...] in local units; 0 (the level) if it or the level is missing.

        Missing values are replaced before the arithmetic, because a gradient through NaN is NaN even if it is not used.
        """
        xp, trailing = namespace(y), _trailing(level, y)
        if any_missing(y) or any_missing(level):
            missing = xp.isnan(y) | xp.isnan(trailing)
            y, trailing = xp.where(missing, 0.0, y), xp.where(missing, 0.0, trailing)
        return (y - trailing) / _trailing(scale, y)


def _trailing(units: Array, like: Array) -> Array:
    """Return units [B, T] with as many axes as `like`, so that they broadcast."""
    return units.reshape((*units.shape, *(1,) * (like.ndim - 2)))
