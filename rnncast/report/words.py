"""Remarks, one line each."""

import math
from collections.abc import Mapping

from rnncast.choices.start import ODDS
from rnncast.config import FINETUNED, PRETRAINED, VALIDATION, Config
from rnncast.interruption import Interruption
from rnncast.plain import counted
from rnncast.spec import FILE, UNBOUNDED, ModelSpec
from rnncast.training.checkpoint import Checkpoint
from rnncast.training.epoch import EpochReport


def choices_in_words(asked: Config, spec: ModelSpec) -> str:
    """Return what was decided from the data and was not asked for."""
    task, frame = spec.task, spec.frame
    seasons = ", ".join(map(str, task.seasons)) or "none"
    horizon = "" if asked.task.horizon else " (one season)" if task.seasons else " (no season to go by)"
    sides = zip(("below", "above"), task.bounds, strict=True)
    bounds = "".join(f"; not {side} {bound:g}" for side, bound in sides if abs(bound) < UNBOUNDED)
    how = task.strategy if spec.direct else f"{task.strategy}, {spec.train.training}"
    members = f"; {spec.net.members} nets" if spec.net.members > 1 else ""
    trained = spec.net.members and spec.train.epochs
    nets = f"; window {frame.window}; {counted(spec.train.epochs, 'epoch')}{members}" if trained else ""
    unused = f"; covariates without use: {', '.join(frame.unused)}" if frame.unused else ""
    return (
        f"horizon {task.horizon}{horizon}; season {seasons}; transform {frame.transform}{bounds}; {how}{nets}{unused}"
    )


def name_of(spec: ModelSpec) -> str:
    """Return the name of a model, by what has a share in its forecast."""
    net = spec.net
    parts = [
        *([_trained(spec)] if net.members and net.linear < 1 else []),
        *(["a linear forecast"] if net.linear else []),
    ]
    if net.pretrained:
        parts.append(FINETUNED if net.finetuned else PRETRAINED)
    return parts[0] if len(parts) == 1 else f"the mean of {', '.join(parts[:-1])} and {parts[-1]}"


def linear_in_words(spec: ModelSpec, scores: Mapping[str, float]) -> str:
    """Return the held-out scores of the nets, a linear forecast and their mean, and which of them is used."""
    found = f"{spec.net.model} {scores['nets_mase']:.3f}, a linear forecast {scores['linear_mase']:.3f}"
    if "linear_mean_mase" not in scores:
        used = "the linear forecast" if scores["linear"] else spec.net.model
        return f"on held-out data, {found} (MASE): {used} is used"
    mean = f"their mean, {scores['linear']:.0%} of it linear, {scores['linear_mean_mase']:.3f}"
    return f"on held-out data, {found}, {mean} (MASE): the mean is used"


def segments_in_words(asked: Config, spec: ModelSpec, scores: Mapping[str, float]) -> str:
    """Return the held-out scores of members with either of two segments and with both, and which are used."""
    own = asked.net.segment
    compared = own if isinstance(own, tuple) else (1, min(spec.task.season, spec.frame.window))
    named = [f"every {steps} steps" if steps > 1 else "at each step" for steps in compared]
    first, second, both = (scores[f"{name}_mase"] for name in ("first_segment", "second_segment", "both_segments"))
    found = f"{named[0]} {first:.3f}, {named[1]} {second:.3f}, in half of the members each {both:.3f}"
    used = "both are" if len(spec.net.segment) > 1 else f"those {named[compared.index(spec.net.segment[0])]} are"
    return f"on held-out data, updates of the state {found} (MASE): {used} used"


def _trained(spec: ModelSpec) -> str:
    """Return the name of the nets beside the pretrained one: their kind, or the base forecast if they are untrained."""
    return spec.net.model if spec.train.epochs or spec.train.start == FILE else "the base forecast"


def shares_in_words(spec: ModelSpec, scores: Mapping[str, float]) -> str:
    """Return how much of the forecast is the pretrained net's, as it is or finetuned, and how much that of trained nets
    or of their base forecast, and why."""
    trained, learnt = _trained(spec), FINETUNED if spec.net.finetuned else PRETRAINED
    named = {"pretrained_mase": PRETRAINED, "finetuned_mase": FINETUNED}
    named |= {"scratch_mase": spec.net.model, "base_mase": "the base forecast", "mean_mase": "together"}
    found = ", ".join(f"{name} {scores[key]:.3f}" for key, name in named.items() if key in scores)
    if spec.train.start != VALIDATION:
        return f"{name_of(spec)} forecasts: not decided by validation"
    if not scores:
        return f"{name_of(spec)} forecasts: too few rows to hold any out, and so to learn from"
    share, few = spec.net.pretrained, " of so few values no net is trained;" if "base_mase" in scores else ""
    if 0 < scores.get("finetuned", 0) < 1 and share:
        learnt += f" (by {scores['finetuned']:.0%})"
    if 0 < share < 1:
        odds = f"starting from odds of {ODDS} to 1 for the pretrained net"
        how = f"the forecasts are {share:.0%} {learnt} and {1 - share:.0%} {trained}, how likely either is, {odds}"
    else:
        how = f"{name_of(spec)} forecasts alone, as the other is clearly worse"
    return f"on held-out data, {found} (MASE):{few} {how}"


def scores_in_words(model: str, scores: Mapping[str, float | None]) -> str:
    """Return how good the net was out of sample, plainly where it loses; None or infinity mean that nothing could be
    scored."""
    if not scores:
        return "too few rows to hold any out: the accuracy of this model is unknown"
    known = {name: score for name, score in scores.items() if score is not None and math.isfinite(score)}
    if not {"mase", "seasonal_naive_mase"} <= known.keys():
        return "the held-out data are constant and cannot be scored: the accuracy of this model is unknown"
    return _judged_in_words(model, known)


def _judged_in_words(model: str, scores: Mapping[str, float]) -> str:
    ours, rivals = scores["mase"], {"seasonal naive": "seasonal_naive_mase", "naive": "naive_mase"}
    if scores.get("naive_mase") == scores["seasonal_naive_mase"]:  # the same forecast if there is no season
        del rivals["seasonal naive"]
    found = {f"{name} {scores[key]:.3f}": ours < scores[key] for name, key in rivals.items() if key in scores}
    beaten, others = (" and ".join(text for text, won in found.items() if won is side) for side in (True, False))
    sides = [*([f"better than {beaten}"] if beaten else []), *([f"NO BETTER THAN {others}"] if others else [])]
    words = f"on held-out data: {model} {ours:.3f}, {', but '.join(sides)} (MASE)"
    shrinkage = scores["shrinkage"]
    if shrinkage == 1:
        words += f"; forecasts are shrunk completely to their base forecast, because {model} did not improve on it"
    elif shrinkage > 0:
        words += f"; forecasts are shrunk towards their base forecast by {shrinkage:.0%}"
    return words


def epoch_in_words(run: str, report: EpochReport, judged: EpochReport) -> str:
    """Return an epoch for the progress line, with the score of the last epoch that was validated."""
    words = [f"{run} {report.epoch}/{report.epochs}", f"loss {report.loss:.3f}"]
    if judged.valid_mase is not None and math.isfinite(judged.valid_mase):  # a constant series has no MASE
        words.append(f"MASE {judged.valid_mase:.2f} naive {judged.naive_mase:.2f}")
    words.append(f"grad {report.gradient_norm:.2f}")
    words.append(f"{report.steps * report.epoch / max(report.seconds, 1e-9) / 1000:.0f}k/s")
    return " ".join(words)


def ledger_in_words(run: str, report: EpochReport) -> str:
    """Return an epoch for --verbose: the size of the gradient, how often it was clipped, and its parts by lag."""
    words = (
        f"{run} {report.epoch}: loss {report.loss:.4f}, gradient norm {report.gradient_norm:.3g} "
        f"(95 %: {report.gradient_norm_95:.3g}), {report.clipped:.0%} clipped"
    )
    if report.gradient_by_lag:
        words += "; by lag " + ", ".join(f"{lag}: {norm:.1e}" for lag, norm in report.gradient_by_lag.items())
    return words


def checkpoint_in_words(folder: str, checkpoint: Checkpoint | None) -> str:
    """Return where a training run resumes."""
    if checkpoint is None:
        return f"{folder} holds no checkpoint yet: starting from the beginning"
    runs = checkpoint.runs.items()
    there = [f"{name} at epoch {run.place.epoch}" for name, run in runs if run.place is not None]
    ended = len(checkpoint.runs) - len(there)
    trained = [f"{counted(ended, 'net')} trained"] if ended else []
    return f"resuming from {folder}: {'; '.join([*trained, *there])}"


def interruption_in_words(interruption: Interruption) -> str:
    """Return which nets a model holds after its training was stopped early."""
    which = f"{interruption.nets} of {interruption.of_nets} nets" if interruption.of_nets > 1 else "the net"
    if interruption.epochs < interruption.of_epochs:
        which += f" after {interruption.epochs} of {counted(interruption.of_epochs, 'epoch')}"
    return which + (", without the data held out for validation" if interruption.run == "validation" else "")
