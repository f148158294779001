"""A problem on its way to whoever asked."""

from __future__ import annotations

from carwire.core.errors import CarwireError
from carwire.core.signals.reading import Problem


class Obstacle(CarwireError):
    """A car, its maker or a limit of ours stood in the way.

    `capacities` are the battery sizes in kWh between which only the owner can choose, where that is the problem.
    """

    def __init__(self, problem: Problem, capacities: tuple[float, ...] = ()) -> None:
        super().__init__(problem.kind)
        self.problem = problem
        self.capacities = capacities
