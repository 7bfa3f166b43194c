"""Remarks in a line each."""

from typing import TYPE_CHECKING

from rnncast.config import Config

if TYPE_CHECKING:
    from rnncast.training.loop import Step


def choices_in_words(asked: Config, resolved: Config) -> str:
    """What was decided from the data, for whoever did not decide it."""
    task, net = resolved.task, resolved.net
    seasons = ", ".join(map(str, task.seasons or ())) or "none"
    horizon = "" if asked.task.horizon else " (one season)" if task.seasons else " (no season to go by)"
    return (
        f"horizon {task.horizon}{horizon}; season {seasons}; transform {task.transform}; window {net.window}; "
        f"{resolved.train.epochs} epochs"
    )


def epoch_in_words(step: "Step") -> str:
    """An epoch for the progress line."""
    return f"epoch {step.epoch}/{step.epochs}  loss {step.loss:.4f}  gradient norm {step.gradient_norm:.2f}"
