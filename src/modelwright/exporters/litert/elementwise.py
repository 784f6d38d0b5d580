"""Operations that work number by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.exporters.litert.flatbuffer import Tensor
from modelwright.exporters.litert.tracing import Known, Trace, Writer, dtype_of, number, shape_of

ERF_BOUND = 4.0
ERF_TOP = (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
           -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02)  # fmt: skip
ERF_BOTTOM = (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03,
              -1.42647390514189e-02)  # fmt: skip
"""erf x = x P(x^2) / Q(x^2) within 4 deviations, exact to a few units of float32's last place: the
polynomials of Eigen and XLA. LiteRT has no erf of its own."""


def plain(operator: str, options: str = "") -> Writer:
    """An operation that LiteRT has under another name."""

    def write(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
        return [_apply(trace, equation, operator, given, options)]

    return write


def _apply(trace: Trace, equation: Any, operator: str, given: list[Known], options: str = "") -> Tensor:
    (out,) = equation.outvars
    return trace.apply(operator, *given, shape=shape_of(out), dtype=dtype_of(out), options=options)


def same(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Nothing at all."""
    del trace, equation
    return given[:1]


def cast(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Another element type."""
    (value,) = given
    assert isinstance(value, Tensor)
    if value.dtype == dtype_of(equation.outvars[0]):
        return [value]
    return [_apply(trace, equation, "CAST", [value])]


def clamp(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Held between two bounds."""
    low, value, high = given
    return [_apply(trace, equation, "MINIMUM", [_apply(trace, equation, "MAXIMUM", [value, low]), high])]


def select(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """One of two values, by a condition."""
    which, *cases = given
    if len(cases) != 2 or dtype_of(equation.invars[0]) != "bool":
        raise trace.refuse(f"a choice among {len(cases)}")
    return [_apply(trace, equation, "SELECT_V2", [which, cases[1], cases[0]])]


def integer_power(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """A small whole power, by multiplying."""
    power = int(equation.params["y"])
    product = value = given[0]
    for _ in range(abs(power) - 1):
        product = _apply(trace, equation, "MUL", [product, value], "Mul")
    if power == 0:
        return [np.ones(shape_of(equation.outvars[0]), dtype=dtype_of(equation.outvars[0]))]
    return [_apply(trace, equation, "DIV", [_one(equation), product], "Div") if power < 0 else product]


def logarithm_of_one_more(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """log(1 + x)."""
    return [
        _apply(trace, equation, "LOG", [_apply(trace, equation, "ADD", [given[0], _one(equation)], "Add")])
    ]


def exponential_less_one(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """exp(x) - 1."""
    raised = _apply(trace, equation, "EXP", given)
    return [_apply(trace, equation, "SUB", [raised, _one(equation)], "Sub")]


def error_function(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """erf(x)."""
    low = _apply(trace, equation, "MAXIMUM", [given[0], number(-ERF_BOUND)])
    value = _apply(trace, equation, "MINIMUM", [low, number(ERF_BOUND)])
    square = _apply(trace, equation, "MUL", [value, value], "Mul")
    top, bottom = (_polynomial(trace, equation, square, part) for part in (ERF_TOP, ERF_BOTTOM))
    return [
        _apply(trace, equation, "DIV", [_apply(trace, equation, "MUL", [value, top], "Mul"), bottom], "Div")
    ]


def error_function_rest(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """1 - erf(x)."""
    return [_apply(trace, equation, "SUB", [_one(equation), *error_function(trace, equation, given)], "Sub")]


def is_finite(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Neither infinite nor undefined: only then a number less itself is 0."""
    (value,) = given
    assert isinstance(value, Tensor)
    rest = trace.apply("SUB", value, value, shape=value.shape, dtype=value.dtype, options="Sub")
    return [_apply(trace, equation, "EQUAL", [rest, np.zeros((), value.dtype)])]


def _polynomial(trace: Trace, equation: Any, value: Tensor, factors: tuple[float, ...]) -> Tensor:
    total: Known = number(factors[0])
    for factor in factors[1:]:
        product = _apply(trace, equation, "MUL", [total, value], "Mul")
        total = _apply(trace, equation, "ADD", [product, number(factor)], "Add")
    assert isinstance(total, Tensor)
    return total


def _one(equation: Any) -> Any:
    return np.ones((), dtype=dtype_of(equation.outvars[0]))


ELEMENTWISE: dict[str, Writer] = {
    "add": plain("ADD", "Add"),
    "add_any": plain("ADD", "Add"),
    "sub": plain("SUB", "Sub"),
    "mul": plain("MUL", "Mul"),
    "div": plain("DIV", "Div"),
    "max": plain("MAXIMUM"),
    "min": plain("MINIMUM"),
    "pow": plain("POW"),
    "neg": plain("NEG"),
    "abs": plain("ABS"),
    "sign": plain("SIGN"),
    "exp": plain("EXP"),
    "log": plain("LOG"),
    "tanh": plain("TANH"),
    "logistic": plain("LOGISTIC"),
    "sqrt": plain("SQRT"),
    "rsqrt": plain("RSQRT"),
    "square": plain("SQUARE"),
    "sin": plain("SIN"),
    "cos": plain("COS"),
    "floor": plain("FLOOR"),
    "ceil": plain("CEIL"),
    "eq": plain("EQUAL"),
    "ne": plain("NOT_EQUAL"),
    "lt": plain("LESS"),
    "le": plain("LESS_EQUAL"),
    "gt": plain("GREATER"),
    "ge": plain("GREATER_EQUAL"),
    "and": plain("LOGICAL_AND"),
    "or": plain("LOGICAL_OR"),
    "not": plain("LOGICAL_NOT"),
    "stop_gradient": same,
    "copy": same,
    "copy_p": same,
    "optimization_barrier": same,
    "convert_element_type": cast,
    "clamp": clamp,
    "select_n": select,
    "integer_pow": integer_power,
    "log1p": logarithm_of_one_more,
    "expm1": exponential_less_one,
    "erf": error_function,
    "erfc": error_function_rest,
    "is_finite": is_finite,
}

BROADCASTING = {
    "add", "add_any", "sub", "mul", "div", "max", "min", "pow", "eq", "ne", "lt", "le", "gt", "ge", "and",
    "or", "clamp",
}  # fmt: skip
"""Operations whose LiteRT twins spread an operand of length 1 over the other themselves."""
