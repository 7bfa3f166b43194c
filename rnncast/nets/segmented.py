"""Segments: a recurrent net that updates its state at every N-th step only (after SegRNN, Lin et al. 2023).

A step sees the last values in its window, so that the cell can take in a segment of them at once. The features of each
step come from its inputs and from the state at the last border of a segment; the step at a border updates the state.
Between borders no step waits for another, and only the origins are computed.
"""

import torch
from torch import Tensor, nn

from rnncast.nets.protocol import EVERY, NOTHING, Feedback, State
from rnncast.nets.recurrent import Recurrent


class Segmented(nn.Module):
    """A recurrent net in segments of N steps: its state is that at the last border, with the number of steps since.

    That number, by N, is the last input of the net. N may be 1, beside other members of an ensemble.
    """

    def __init__(self, recurrent: Recurrent, segment: int) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.segment = segment

    def init_state(self, batch: int) -> State:
        """Return the state of the recurrent net, and a count of 0 steps [1, B, 1]."""
        state = self.recurrent.init_state(batch)
        return (*state, state[0].new_zeros(1, batch, 1))

    def forward(
        self, inputs: Tensor, state: State, feedback: Feedback, absent: slice = NOTHING, origins: slice = EVERY
    ) -> tuple[Tensor, State]:
        """Map inputs [B, T, F] and the state to features [B, O, D] at the origins, and the state after all steps."""
        *before, count = state
        if self.segment == 1:
            place = inputs.new_zeros(*inputs.shape[:2], 1)
            features, after = self.recurrent(torch.cat((inputs, place), 2), tuple(before), feedback, absent, origins)
            return features, (*after, count)
        steps, each, weights = inputs.shape[1], inputs[:, origins], self.recurrent.weights(absent)
        rows, since = torch.arange(len(inputs), device=inputs.device), count[0, :, 0].detach().long()  # [B]
        states = [tuple(before)]
        for first in range(self.segment - 1, self.segment - 1 + steps, self.segment):
            border = first - since  # of each series; it may lie beyond the last step
            there = (border < steps)[:, None]
            full = inputs.new_full((len(inputs), 1), 1 - 1 / self.segment)
            seen = torch.cat((inputs[rows, border.clamp(max=steps - 1)], full), 1)
            reached = self.recurrent.step(seen, states[-1], weights)
            states.append(tuple(torch.where(there, new, old) for new, old in zip(reached, states[-1], strict=True)))
        passed = torch.arange(steps, device=inputs.device)[origins] + since[:, None]  # [B, O] since the first border
        # Each origin is a series of its own, of one step from the state at the last border before it.
        last = passed // self.segment
        starts = tuple(
            torch.stack(parts, 2)[:, rows[:, None], last].flatten(1, 2) for parts in zip(*states, strict=True)
        )
        share = (passed % self.segment / self.segment).to(inputs.dtype)[..., None]
        features = self.recurrent.step(torch.cat((each, share), 2).flatten(0, 1), starts, weights)[0][-1]
        return features.view(*each.shape[:2], -1), (*states[-1], (count + steps) % self.segment)
