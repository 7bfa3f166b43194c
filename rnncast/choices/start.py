"""Choose where training starts: new nets, the pretrained net, or both; or leave it to validation."""

from dataclasses import replace

from rnncast.choices.choice import GIVEN
from rnncast.choices.effort import LARGE_PANEL, LONG_SERIES
from rnncast.config import SCRATCH, STARTS, VALIDATION, Config, NetConfig, TrainConfig
from rnncast.errors import UsageError
from rnncast.plain import counted
from rnncast.series.panel import Panel
from rnncast.settings import flag
from rnncast.spec import FILE, ModelSpec

ODDS = 3  # to one, of the pretrained net beside what is trained, before any value is held out

# Settings of training that concern neither the nets nor how they learn.
NEUTRAL = ("seed", "max_time", "memory_limit", "preset", "validate", "start")


def start_of(config: Config, spec: ModelSpec, panel: Panel) -> tuple[str, str]:
    """Choose where training starts: as asked for, or as suits the other decisions, with the reason.

    Raises UsageError if the pretrained net is asked for and does not suit.
    """
    asked, why = config.train.start, spec.unsuited
    if asked not in STARTS:
        return FILE, GIVEN
    if asked == SCRATCH:
        return SCRATCH, GIVEN
    if asked != "auto":
        if why:
            raise UsageError(f"--from {asked}: {why}", hint="leave out --from, or what the pretrained net cannot do")
        if asked == VALIDATION and not config.train.validate:
            raise UsageError("--from validation needs validation", hint="leave out --no-validate")
        return asked, GIVEN
    if why:
        return SCRATCH, f"the pretrained net is not a candidate: {why}"
    if own := _own_settings(config):
        return SCRATCH, f"because {own[0]} is given; --from {VALIDATION} compares it with the pretrained net"
    if not config.train.validate:
        return SCRATCH, "without held-out data, the pretrained net cannot be judged"
    if len(panel.y) > LARGE_PANEL and panel.lengths.mean() > LONG_SERIES:
        return SCRATCH, f"{counted(len(panel.y), 'value')} of long series teach nets more than the pretrained one knows"
    return VALIDATION, f"it weights the pretrained net, which starts from odds of {ODDS} to 1, and nets from scratch"


def _own_settings(config: Config) -> list[str]:
    """Return the flags of settings of the net and its training that were asked for."""
    default = TrainConfig()
    neutral = replace(config.train, **{name: getattr(default, name) for name in NEUTRAL})
    pairs = [(config.net, NetConfig()), (neutral, default)]
    return [flag(name) for ours, theirs in pairs for name in vars(ours) if getattr(ours, name) != getattr(theirs, name)]
