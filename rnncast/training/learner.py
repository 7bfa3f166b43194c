"""Learner: everything that changes while a net learns (weights, the optimiser's moments, generators), as arrays and
back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from rnncast.errors import CheckpointError, TrainingError
from rnncast.nets.model import Model
from rnncast.nets.protocol import State
from rnncast.spec import ModelSpec, TrainSpec
from rnncast.training.batches import Chunk
from rnncast.training.checkpoint import Arrays, Update
from rnncast.training.losses import loss_of
from rnncast.training.objectives import ChunkLoss, FreeRunning, observed
from rnncast.training.optimiser import AdamW
from rnncast.training.ranks import ALONE, Ranks

Objective = Callable[[Chunk, State, float], ChunkLoss]


@dataclass(frozen=True)
class Learner:
    """A model, its objective on a chunk, its optimiser, and the random generators, by name.

    With several ranks, an update has the gradient of the loss over the series of all, divided by their weight.
    """

    model: Model
    settings: TrainSpec
    objective: Objective
    optimiser: AdamW
    generators: Mapping[str, Generator]
    ranks: Ranks = ALONE

    @classmethod
    def of(cls, model: Model, spec: ModelSpec, ranks: Ranks = ALONE) -> "Learner":
        """Make a Learner for a ModelSpec, at the start of training."""
        settings, device = spec.train, next(model.parameters()).device
        loss, optimiser = loss_of(spec, device), AdamW(model.parameters(), settings.weight_decay)
        dropout = {} if model.generator is None else {"dropout": model.generator}
        if spec.free_running:
            free = FreeRunning(spec, loss, device)

            def objective(chunk: Chunk, state: State, progress: float) -> ChunkLoss:
                return free(model, chunk, state, progress)

            return cls(model, settings, objective, optimiser, {**dropout, "feedback": free.random}, ranks)
        return cls(
            model, settings, lambda chunk, state, _: observed(model, chunk, state, loss), optimiser, dropout, ranks
        )

    def outcome(self, chunk: Chunk, state: State, progress: float) -> ChunkLoss:
        """Return the objective on a chunk of this rank's series, with the weight of the series of all."""
        found = self.objective(chunk, state, progress)
        return found._replace(weight=self.ranks.total(found.weight))

    def update(self, outcome: ChunkLoss, lr: float, place: str) -> Update:
        """Make one update of the optimiser. Raises TrainingError, naming the place, if the gradient is not finite."""
        self.optimiser.clear()
        (outcome.loss / outcome.weight).backward()  # type: ignore[no-untyped-call]
        loss = outcome.loss.detach()
        if self.ranks.size > 1:
            loss = loss.clone()
            self.ranks.add([loss, *(each.grad for each in self.model.parameters() if each.grad is not None)])
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        if not torch.isfinite(norm):
            raise TrainingError(
                f"the gradient was no longer finite at {place}; training stopped before it reached the weights",
                hint=f"try a smaller --learning-rate than {self.settings.learning_rate:g}, or a smaller --clip-norm",
            )
        self.optimiser.step(lr)
        return Update(float(loss), float(outcome.weight), float(norm))

    def arrays(self, state: State) -> Arrays:
        """Return copies of everything that changes, and of the state of the net, by name."""
        tensors = {
            **{f"weight.{name}": weight for name, weight in self.model.state_dict().items()},
            **{
                f"moment.{index}.{name}": each
                for index, named in enumerate(self.optimiser.moments)
                for name, each in named.items()
            },
            **{f"generator.{name}": generator.get_state().long() for name, generator in self.generators.items()},
            **{f"state.{index}": part for index, part in enumerate(state)},
        }
        return self.ranks.kept({name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()})

    def restore(self, arrays: Arrays) -> State:
        """Restore what `arrays` returned, and return the state of the net. Raises CheckpointError if it does not
        fit."""
        # Cloned, because torch aligns its own memory, and sums over unaligned memory may be rounded differently.
        tensors = {name: torch.from_numpy(array).clone() for name, array in self.ranks.restored(arrays).items()}
        named = dict[int, dict[str, Tensor]]()
        try:
            self.model.load_state_dict(_under(tensors, "weight."))
            for key, moment in _under(tensors, "moment.").items():
                index, name = int(key.split(".")[0]), key.split(".")[1]
                named.setdefault(index, {})[name] = moment
            self.optimiser.restore(named)
            for name, generator in self.generators.items():
                generator.set_state(tensors[f"generator.{name}"].byte())
            state = _under(tensors, "state.")  # a file has them in any order
            device = next(self.model.parameters()).device
            return tuple(state[str(index)].to(device) for index in range(len(state)))
        except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"the checkpoint is damaged: {error}", hint="start again without it") from None


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
