"""The optimiser is torch's AdamW to the last bit, without torch's compiler."""

import torch
from torch.nn import Parameter

from rnncast.training.optimiser import AdamW
from tests.conftest import Program
from tests.test_cli import modules_after
from tests.test_pretrained_state import part


def parameters() -> list[Parameter]:
    random = torch.Generator().manual_seed(1)
    return [Parameter(torch.randn(shape, generator=random)) for shape in ((3, 4), (4,), ())]


def gradients(step: int) -> list[torch.Tensor | None]:
    """The second parameter has none at every other step, the last one never has any."""
    random = torch.Generator().manual_seed(100 + step)
    first, second = torch.randn((3, 4), generator=random), torch.randn((4,), generator=random)
    return [first, second if step % 2 else None, None]


def test_it_moves_parameters_as_torch_does_and_goes_on_from_its_moments() -> None:
    ours, theirs = parameters(), parameters()
    optimiser, reference = AdamW(ours, 0.1), torch.optim.AdamW(theirs, weight_decay=0.1, fused=True)
    for step in range(6):
        if step == 3:  # as from a checkpoint
            before, optimiser = optimiser, AdamW(ours, 0.1)
            optimiser.restore(dict(enumerate(before.moments)))
        optimiser.clear()
        reference.param_groups[0]["lr"] = lr = 0.1 / (1 + step)
        for each in (ours, theirs):
            for parameter, gradient in zip(each, gradients(step), strict=True):
                parameter.grad = gradient
        optimiser.step(lr)
        reference.step()
        for mine, other in zip(ours, theirs, strict=True):
            assert torch.equal(mine, other)
    assert not torch.equal(ours[0], parameters()[0])
    optimiser.clear()
    assert all(parameter.grad is None for parameter in ours)


def test_training_loads_no_compiler(program: Program) -> None:
    (program.folder / "air.csv").write_text(part(1, 140))
    loaded = modules_after(program, "train air.csv --from validation --epochs 1 --members 1 -q")
    assert "torch" in loaded
    assert "torch._dynamo" not in loaded  # it takes as long as torch itself
