"""Segments: a recurrent net that updates its state at every N-th step only (after SegRNN, Lin et al. 2023).

A step sees the last values in its window, so that the cell can take in a segment of them at once. The features of each
step come from its inputs and from the state at the last border of a segment; the step at a border updates the state.
Between borders no step waits for another, and only the origins are computed.
"""

import torch
from torch import Tensor, nn

from rnncast.nets.protocol import EVERY, NOTHING, Feedback, Net, State


class Segmented(nn.Module):
    """A recurrent net in segments of N steps: its state is that at the last border, with the number of steps since."""

    def __init__(self, recurrent: nn.Module, segment: int) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.segment = segment

    def init_state(self, batch: int) -> State:
        """Return the state of the recurrent net, and a count of 0 steps [1, B, 1]."""
        net: Net = self.recurrent  # type: ignore[assignment]
        state = net.init_state(batch)
        return (*state, state[0].new_zeros(1, batch, 1))

    def forward(
        self, inputs: Tensor, state: State, feedback: Feedback, absent: slice = NOTHING, origins: slice = EVERY
    ) -> tuple[Tensor, State]:
        """Map inputs [B, T, F] and the state to features [B, O, D] at the origins, and the state after all steps."""
        if inputs.shape[1] == 1:
            return self._single(inputs, state, absent)
        counts = state[-1].detach()[0, :, 0]
        found = torch.unique(counts).tolist()
        if len(found) == 1:
            return self._alike(inputs, state, int(found[0]), absent, origins)
        rows = [torch.nonzero(counts == count)[:, 0] for count in found]
        parts = [
            self._alike(inputs[each], tuple(part[:, each] for part in state), int(count), absent, origins)
            for each, count in zip(rows, found, strict=True)
        ]
        back = torch.cat(rows).argsort()
        after = zip(*(reached for _, reached in parts), strict=True)
        return torch.cat([features for features, _ in parts])[back], tuple(
            torch.cat(each, 1)[:, back] for each in after
        )

    def _single(self, inputs: Tensor, state: State, absent: slice) -> tuple[Tensor, State]:
        """Take one step of series whatever their counts; a graph that can be exported."""
        *before, count = state
        features, reached = self.recurrent(inputs, tuple(before), None, absent)
        border = count + 1 == self.segment
        kept = (torch.where(border, new, old) for new, old in zip(reached, before, strict=True))
        return features, (*kept, torch.where(border, 0.0, count + 1))

    def _alike(self, inputs: Tensor, state: State, count: int, absent: slice, origins: slice) -> tuple[Tensor, State]:
        """Step series of the same count, whose borders are at the same steps."""
        batch, steps = inputs.shape[:2]
        states = [state[:-1]]
        for border in range(self.segment - 1 - count, steps, self.segment):
            states.append(self.recurrent(inputs[:, border : border + 1], states[-1], None, absent)[1])
        chosen = range(steps)[origins]
        last = torch.tensor([(step + count) // self.segment for step in chosen], device=inputs.device)
        # Each origin is a series of its own, of one step from the state at the last border before it.
        before = tuple(torch.stack(parts, 2)[:, :, last].flatten(1, 2) for parts in zip(*states, strict=True))
        each = inputs[:, origins].flatten(0, 1)[:, None]
        features: Tensor = self.recurrent(each, before, None, absent)[0]
        after = torch.full_like(state[-1], (count + steps) % self.segment)
        return features.view(batch, len(chosen), -1), (*states[-1], after)
