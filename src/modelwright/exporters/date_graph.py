"""The parts of a date as ONNX nodes: `engine.preparation.dates`, line by line."""

from __future__ import annotations

import numpy as np

from modelwright.engine.preparation.dates import FIRST_SECOND, LAST_SECOND, SECONDS_A_DAY
from modelwright.exporters.graph import Graph


class _Whole:
    """A whole number in the graph, with the operators that the date arithmetic needs.

    All are positive, so that division rounds alike everywhere.
    """

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self.name = name

    def _apply(self, operator: str, other: _Whole | int) -> _Whole:
        number = other.name if isinstance(other, _Whole) else self.graph.constant(np.int64(other))
        return _Whole(self.graph, self.graph.node(operator, self.name, number))

    def __add__(self, other: _Whole | int) -> _Whole:
        return self._apply("Add", other)

    def __sub__(self, other: _Whole | int) -> _Whole:
        return self._apply("Sub", other)

    def __mul__(self, other: _Whole | int) -> _Whole:
        return self._apply("Mul", other)

    def __floordiv__(self, other: int) -> _Whole:
        return self._apply("Div", other)

    def rest(self, divisor: int) -> _Whole:
        """What a division leaves."""
        return self - (self // divisor) * divisor

    def is_divided_by(self, divisor: int) -> _Whole:
        """1 where the divisor leaves nothing, else 0."""
        one = _Whole(self.graph, self.graph.constant(np.int64(1)))
        return one - self.rest(divisor)._apply("Min", 1)


def write_date_parts(graph: Graph, seconds: str) -> dict[str, str]:
    """The parts of `dates.date_parts`, float64 (rows,), NaN where the moment is."""
    missing = graph.node("IsNaN", seconds)
    known = graph.node("Where", missing, graph.constant(np.float64(0)), seconds)
    held = graph.node("Max", known, graph.constant(np.float64(FIRST_SECOND)))
    moment = graph.node("Min", held, graph.constant(np.float64(LAST_SECOND)))
    whole = _Whole(graph, graph.cast(graph.node("Floor", moment), "int64"))
    parts = {name: graph.cast(part.name, "float64") for name, part in _parts(whole).items()}
    parts["days"] = graph.node("Div", moment, graph.constant(np.float64(SECONDS_A_DAY)))
    nothing = graph.constant(np.float64(np.nan))
    return {name: graph.node("Where", missing, nothing, part) for name, part in parts.items()}


def _parts(floor: _Whole) -> dict[str, _Whole]:
    second = floor + 719_468 * SECONDS_A_DAY
    days = second // SECONDS_A_DAY
    era = days // 146_097
    day_of_era = days - era * 146_097
    years = day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    year_of_era = years // 365
    from_march = day_of_era - (year_of_era * 365 + year_of_era // 4 - year_of_era // 100)
    shifted = (from_march * 5 + 2) // 153
    after_december = shifted // 10
    year = year_of_era + era * 400 + after_december
    leap = year.is_divided_by(4) - year.is_divided_by(100) + year.is_divided_by(400)
    return {
        "year": year,
        "month": shifted + 3 - after_december * 12,
        "day": from_march - (shifted * 153 + 2) // 5 + 1,
        "weekday": (days + 2).rest(7),
        "hour": (second - days * SECONDS_A_DAY) // 3_600,
        "yearday": from_march + leap + 60 - after_december * (leap + 365),
    }
