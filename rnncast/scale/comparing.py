"""Comparison of a table that does not fit in memory: of candidates that learn from no past, in each partition."""

from dataclasses import dataclass

from rnncast.config import TableConfig
from rnncast.errors import RnncastError
from rnncast.evaluate.compare import Plan, part_compared
from rnncast.evaluate.scores import Comparison
from rnncast.files.formats.folders import Found
from rnncast.scale.partitions import Outcome, Task
from rnncast.spec import TaskSpec


@dataclass(frozen=True)
class ComparedPart(Outcome):
    """Comparison on a partition. comparison: None if none of its series can be scored."""

    comparison: Comparison | None = None


def compare_part(task: Task, table: TableConfig, plan: Plan, decided: TaskSpec) -> ComparedPart:
    """Compare on a partition. An error that a user can mend is returned."""
    from rnncast.files.panels.tables import read_table

    try:
        panel = read_table(Found((task.part,)), table)
        return ComparedPart(task.part.path, len(panel), "", part_compared(panel, plan, decided))
    except OSError as error:
        return ComparedPart(task.part.path, error=f"{error.filename or task.part.path}: {error.strerror or error}")
    except RnncastError as error:
        return ComparedPart(task.part.path, error=error.message)
