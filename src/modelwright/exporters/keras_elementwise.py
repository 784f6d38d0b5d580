"""Keras operations that work number by number, reduce axes or multiply matrices."""

from __future__ import annotations

from collections.abc import Callable

from modelwright.engine.keras_backend import keras
from modelwright.exporters.keras_call import Call, Value

Emitter = Callable[[Call], str]


def unary(operator: str) -> Emitter:
    """An operation of one tensor that ONNX has too."""

    def emit(call: Call) -> str:
        return call.node(operator, call.first(call.dtype))

    return emit


def binary(operator: str) -> Emitter:
    """An operation of two tensors or numbers that ONNX has too."""

    def emit(call: Call) -> str:
        one, other = list(call.arguments.values())[:2]
        return call.node(operator, call.value(one, call.dtype), call.value(other, call.dtype))

    return emit


def comparison(operator: str, *, negate: bool = False) -> Emitter:
    """A comparison, made in the type that both sides fit."""

    def emit(call: Call) -> str:
        one, other = list(call.arguments.values())[:2]
        sides = [side.dtype if isinstance(side, Value) else _type_of(side) for side in (one, other)]
        dtype = keras.backend.result_type(*sides)
        answer = call.node(operator, call.value(one, dtype), call.value(other, dtype))
        return call.node("Not", answer) if negate else answer

    return emit


def reduction(operator: str) -> Emitter:
    """Sum, mean and their kin over some axes."""

    def emit(call: Call) -> str:
        axes = call.graph.integers(*call.axes())
        return call.node(operator, call.first(call.dtype), axes, keepdims=int(bool(call.get("keepdims"))))

    return emit


def truth(operator: str) -> Emitter:
    """Any and all: the largest or smallest of zeros and ones."""

    def emit(call: Call) -> str:
        axes = call.graph.integers(*call.axes())
        numbers = call.graph.cast(call.first("bool"), "int32")
        reduced = call.node(operator, numbers, axes, keepdims=int(bool(call.get("keepdims"))))
        return call.graph.cast(reduced, "bool")

    return emit


def variance(call: Call) -> str:
    """Mean squared distance from the mean."""
    axes = call.graph.integers(*call.axes())
    values = call.first(call.dtype)
    distance = call.node("Sub", values, call.node("ReduceMean", values, axes, keepdims=1))
    squared = call.node("Mul", distance, distance)
    return call.node("ReduceMean", squared, axes, keepdims=int(bool(call.get("keepdims"))))


def deviation(call: Call) -> str:
    """Square root of the variance."""
    return call.node("Sqrt", variance(call))


def square(call: Call) -> str:
    """A number times itself."""
    values = call.first(call.dtype)
    return call.node("Mul", values, values)


def reciprocal_root(call: Call) -> str:
    """One over the square root."""
    return call.node("Div", call.number(1), call.node("Sqrt", call.first(call.dtype)))


def exponential_minus_one(call: Call) -> str:
    """e to the x, less one."""
    return call.node("Sub", call.node("Exp", call.first(call.dtype)), call.number(1))


def logarithm_plus_one(call: Call) -> str:
    """Logarithm of one more."""
    return call.node("Log", call.node("Add", call.first(call.dtype), call.number(1)))


def cast(call: Call) -> str:
    """Another element type."""
    return call.first(call.dtype)


def same(call: Call) -> str:
    """What changes nothing when a model answers: identity, dropout, noise."""
    return call.node("Identity", call.first(call.dtype))


def clip(call: Call) -> str:
    """Values held between two bounds."""
    low, high = call.value(call.get("x_min"), call.dtype), call.value(call.get("x_max"), call.dtype)
    return call.node("Min", call.node("Max", call.first(call.dtype), low), high)


def where(call: Call) -> str:
    """One or the other, by a condition."""
    condition, one, other = list(call.arguments.values())[:3]
    if one is None or other is None:
        raise call.refuse("where without both alternatives")
    condition_name = call.value(condition, "bool")
    return call.node("Where", condition_name, call.value(one, call.dtype), call.value(other, call.dtype))


def dot(call: Call) -> str:
    """The product of two matrices, as numpy.dot has it."""
    sides = [side for side in call.arguments.values() if not isinstance(side, Value) or side.rank == 2]
    if len(sides) < len(call.arguments):
        raise call.refuse("a dot product of other than matrices; use keras.ops.matmul")
    return binary("MatMul")(call)


def einsum(call: Call) -> str:
    """A sum of products by index letters."""
    operands = [call.value(operand, call.dtype) for operand in call.arguments.get("operands", ())]
    return call.node("Einsum", *operands, equation=str(call.operation.subscripts))


def position_of_largest(call: Call) -> str:
    """Where the largest value stands along an axis."""
    if call.get("axis") is None:
        raise call.refuse("argmax over all axes; give one axis")
    keep = int(bool(call.get("keepdims")))
    found = call.node("ArgMax", call.first(), axis=call.axes()[0], keepdims=keep)
    return call.graph.cast(found, call.dtype)


def logarithm_of_summed_exponentials(call: Call) -> str:
    """log(sum(exp(x))) over some axes."""
    return reduction("ReduceLogSumExp")(call)


def _type_of(side: object) -> object:
    """The element type a constant takes part with: a plain number bends to its partner."""
    return type(side) if isinstance(side, (bool, int, float)) else getattr(side, "dtype", "float32")


ELEMENTWISE: dict[str, Emitter] = {
    "Absolute": unary("Abs"),
    "Abs": unary("Abs"),
    "Negative": unary("Neg"),
    "Exp": unary("Exp"),
    "Expm1": exponential_minus_one,
    "Log": unary("Log"),
    "Log1p": logarithm_plus_one,
    "Sqrt": unary("Sqrt"),
    "Rsqrt": reciprocal_root,
    "Square": square,
    "Reciprocal": unary("Reciprocal"),
    "Sin": unary("Sin"),
    "Cos": unary("Cos"),
    "Tanh": unary("Tanh"),
    "Erf": unary("Erf"),
    "Sign": unary("Sign"),
    "Floor": unary("Floor"),
    "Ceil": unary("Ceil"),
    "Round": unary("Round"),
    "Add": binary("Add"),
    "Subtract": binary("Sub"),
    "Multiply": binary("Mul"),
    "Divide": binary("Div"),
    "TrueDivide": binary("Div"),
    "Power": binary("Pow"),
    "Maximum": binary("Max"),
    "Minimum": binary("Min"),
    "Matmul": binary("MatMul"),
    "Dot": dot,
    "Einsum": einsum,
    "LogicalAnd": binary("And"),
    "LogicalOr": binary("Or"),
    "LogicalNot": unary("Not"),
    "Equal": comparison("Equal"),
    "NotEqual": comparison("Equal", negate=True),
    "Greater": comparison("Greater"),
    "GreaterEqual": comparison("GreaterOrEqual"),
    "Less": comparison("Less"),
    "LessEqual": comparison("LessOrEqual"),
    "Sum": reduction("ReduceSum"),
    "Mean": reduction("ReduceMean"),
    "Max": reduction("ReduceMax"),
    "Min": reduction("ReduceMin"),
    "Amax": reduction("ReduceMax"),
    "Amin": reduction("ReduceMin"),
    "Prod": reduction("ReduceProd"),
    "Any": truth("ReduceMax"),
    "All": truth("ReduceMin"),
    "Var": variance,
    "Std": deviation,
    "Logsumexp": logarithm_of_summed_exponentials,
    "Argmax": position_of_largest,
    "Cast": cast,
    "StopGradient": same,
    "Clip": clip,
    "Where": where,
}
"""Operation class name -> what writes it."""
