"""Fast views of a single step of series without missing values, in NumPy: all base forecasts in a few matrix products.

Without missing values, base forecasts are linear in the values, with weights that sum to 1, so they may be taken
relative to the newest value. The weights are found by calling the general functions with one unit at each step. That
takes a while, and pays where many steps arrive one by one.

B series, L lookback, W window, S spans, K base forecasts, H horizon.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.frame.frame import Frame
from rnncast.frame.past import Past, init_state
from rnncast.frame.view import LIMIT, FrameView
from rnncast.values import Values

LONGEST = 1500  # past values, at most: the matrix grows with their square


class Product(NamedTuple):
    """Some columns of the base forecasts, and their weights of the values from step `first` on."""

    columns: NDArray[np.int64]
    first: int
    weights: Values


class Copies(NamedTuple):
    """Columns of the base forecasts that copy a past value, and the steps of those values."""

    columns: NDArray[np.int64]
    steps: NDArray[np.int64]


@dataclass(frozen=True)
class LinearView:
    """Views of a single step over all spans of a frame."""

    frame: Frame

    def suits(self, past: Past) -> bool:
        """Return whether a past can be viewed this way.

        It must have one step, no missing value, base forecasts, no covariates known ahead, and a lookback that fits the
        memory.
        """
        short = self.frame.lookback <= LONGEST
        return past.complete and past.steps == 1 and short and not self.frame.known and self.frame.has_bases

    def view(self, past: Past) -> FrameView:
        """Return the view [S, B, 1, ...] of a suitable past."""
        frame, units, newest = self.frame, past.units, past.values[:, -1:]
        level, scale = units.level[:, 1], units.scale[:, 1]  # [B, S]
        apart, rise = past.values - newest, level - newest
        local = (self._bases(apart)[:, self._order] - rise[..., None, None]) / scale[..., None, None]  # [B, S, K, H]
        window = (apart[:, None, -frame.window :] - rise[..., None]) / scale[..., None]  # [B, S, W]
        arrived = (newest - units.level[:, 0]) / units.scale[:, 0]  # [B, S]
        inputs = np.zeros((len(newest), frame.measured, frame.features), np.float32)
        inputs[..., : frame.window] = np.clip(window, -LIMIT, LIMIT)
        inputs[..., -1] = np.clip(arrived, -LIMIT, LIMIT)
        if frame.other:
            inputs[..., -1 - frame.other : -1] = past.exogenous.now
        if frame.covariates:
            columns = slice(2 * frame.window, (2 + frame.covariates) * frame.window)
            inputs[..., columns] = past.exogenous.covariates[:, -frame.window :].reshape(len(newest), 1, -1)
        shown = [part.swapaxes(0, 1)[:, :, None] for part in (inputs, local, level, scale)]
        return FrameView(shown[0], shown[1], shown[2], shown[3])

    def _bases(self, apart: Values) -> Values:
        """Return the base forecasts [B, K', H] by name, then the mean of `base`, from values [B, 1+L] minus the
        newest."""
        found = np.empty((len(apart), self._matrix.shape[1]))
        copies, products = self._parts
        found[:, copies.columns] = apart[:, copies.steps]
        for columns, first, weights in products:
            found[:, columns] = apart[:, first:] @ weights
        return found.reshape(len(apart), -1, self.frame.horizon)

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """Order in which `_bases` appear in the view over each span [S, K]."""
        names, spans = self.frame.base_names, range(self.frame.measured)
        return np.array([[len(names), *map(names.index, self.frame.others(span))] for span in spans])

    @cached_property
    def _matrix(self) -> Values:
        """Weights of each past value in the base forecasts [1+L, K'*H]."""
        each, frame = np.eye(1 + self.frame.lookback), self.frame
        state = init_state(frame, len(each), each)._replace(history=each[:, :-1])
        named = Past.of(frame, each[:, -1:], state).bases()
        first = np.mean([named[name] for name in frame.base], 0)
        return np.stack([*named.values(), first], 1).reshape(len(each), -1)

    @cached_property
    def _parts(self) -> tuple[Copies, list[Product]]:
        """Matrix without most of its zeros: columns that copy a value, and the others grouped by how far they look
        back."""
        matrix, middle = self._matrix, self.frame.lookback // 2
        copied = ((matrix != 0).sum(0) == 1) & (matrix.max(0) == 1)
        begun = (matrix != 0).argmax(0)
        products = []
        for chosen in (~copied & (begun < middle), ~copied & (begun >= middle)):
            columns = np.flatnonzero(chosen)
            if len(columns):
                first = int(begun[columns].min())
                products.append(Product(columns, first, np.ascontiguousarray(matrix[first:, columns])))
        return Copies(np.flatnonzero(copied), matrix[:, copied].argmax(0)), products
