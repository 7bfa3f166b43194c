"""Comparison of a table that does not fit in memory: of candidates that learn from no past, in each partition."""

from dataclasses import dataclass

from rnncast.config import TableConfig
from rnncast.evaluate.compare import Plan, part_compared
from rnncast.evaluate.scores import Comparison
from rnncast.files.formats.folders import Found
from rnncast.scale.partitions import Outcome, Task, tried
from rnncast.spec import TaskSpec


@dataclass(frozen=True)
class ComparedPart(Outcome):
    """Comparison on a partition. comparison: None if none of its series can be scored."""

    comparison: Comparison | None = None


def compare_part(task: Task, table: TableConfig, plan: Plan, decided: TaskSpec) -> Outcome:
    """Compare on a partition. An error that a user can mend is returned."""
    from rnncast.files.panels.tables import read_table

    def compare() -> Outcome:
        panel = read_table(Found((task.part,)), table)
        return ComparedPart(task.part.path, len(panel), comparison=part_compared(panel, plan, decided))

    return tried(task, compare)
