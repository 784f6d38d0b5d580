"""Keras activation functions, and the operations they call, as ONNX nodes."""

from __future__ import annotations

from modelwright.exporters.keras_call import Call
from modelwright.exporters.keras_elementwise import Emitter, same, unary


def scaled(operator: str, attribute: str, argument: str) -> Emitter:
    """An activation with one setting that ONNX has too."""

    def emit(call: Call) -> str:
        return call.node(operator, call.first(), **{attribute: float(call.get(argument))})

    return emit


def along_axis(operator: str) -> Emitter:
    """Softmax and its logarithm."""

    def emit(call: Call) -> str:
        axis = call.get("axis", -1)
        axes = [axis] if isinstance(axis, int) else list(axis or ())
        if len(axes) != 1:
            raise call.refuse(f"{operator.lower()} over axis {axis}; give one axis")
        return call.node(operator, call.first(), axis=axes[0])

    return emit


def bounded(call: Call, value: str, low: float, high: float) -> str:
    """Values held between two bounds."""
    return call.node("Clip", value, call.number(low), call.number(high))


def rectified(call: Call) -> str:
    """relu with its three settings: slope below the threshold, threshold, largest value."""
    slope, most = float(call.get("negative_slope") or 0.0), call.get("max_value")
    threshold = float(call.get("threshold") or 0.0)
    values = call.first()
    positive = call.node("Greater", values, call.number(threshold))
    kept = call.node("Where", positive, values, call.number(0.0))
    if most is not None:
        kept = bounded(call, kept, 0.0, float(most))
    if slope:
        below = call.node("Min", call.node("Sub", values, call.number(threshold)), call.number(0.0))
        kept = call.node("Add", kept, call.node("Mul", below, call.number(slope)))
    return kept


def relu_up_to_six(call: Call) -> str:
    """relu, at most 6."""
    return bounded(call, call.first(), 0.0, 6.0)


def silu(call: Call) -> str:
    """x times its sigmoid."""
    return call.node("Mul", call.first(), call.node("Sigmoid", call.first()))


def gelu(call: Call) -> str:
    """Gaussian error linear unit."""
    return call.node("Gelu", call.first(), approximate="tanh" if call.get("approximate") else "none")


def hard_sigmoid(call: Call) -> str:
    """A sigmoid of three straight lines: relu6(x + 3) / 6."""
    raised = bounded(call, call.node("Add", call.first(), call.number(3.0)), 0.0, 6.0)
    return call.node("Div", raised, call.number(6.0))


def hard_silu(call: Call) -> str:
    """x times its hard sigmoid."""
    return call.node("Mul", call.first(), hard_sigmoid(call))


def hard_tanh(call: Call) -> str:
    """x, held between -1 and 1."""
    return bounded(call, call.first(), -1.0, 1.0)


def tanh_shrink(call: Call) -> str:
    """x less its tanh."""
    return call.node("Sub", call.first(), call.node("Tanh", call.first()))


def shrink(*, soft: bool) -> Emitter:
    """0 within the threshold; outside the value itself, or (soft) what exceeds the threshold."""

    def emit(call: Call) -> str:
        bound = float(call.get("threshold"))
        return call.node("Shrink", call.first(), lambd=bound, bias=bound if soft else 0.0)

    return emit


def threshold(call: Call) -> str:
    """The value above a threshold, else another."""
    above = call.node("Greater", call.first(), call.number(float(call.get("threshold"))))
    return call.node("Where", above, call.first(), call.number(float(call.get("default_value"))))


def log_sigmoid(call: Call) -> str:
    """Logarithm of the sigmoid: -softplus(-x)."""
    return call.node("Neg", call.node("Softplus", call.node("Neg", call.first())))


def squareplus(call: Call) -> str:
    """(x + sqrt(x^2 + b)) / 2."""
    squared = call.node("Mul", call.first(), call.first())
    root = call.node("Sqrt", call.node("Add", squared, call.number(float(call.get("b")))))
    return call.node("Mul", call.node("Add", call.first(), root), call.number(0.5))


def sparse_plus(call: Call) -> str:
    """0 up to -1, x from 1 on, ((x + 1) / 2)^2 between."""
    middle = bounded(call, call.first(), -1.0, 1.0)
    half = call.node("Mul", call.node("Add", middle, call.number(1.0)), call.number(0.5))
    beyond = call.node("Max", call.node("Sub", call.first(), call.number(1.0)), call.number(0.0))
    return call.node("Add", call.node("Mul", half, half), beyond)


def sparse_sigmoid(call: Call) -> str:
    """(x + 1) / 2, held between 0 and 1."""
    half = call.node("Mul", call.node("Add", call.first(), call.number(1.0)), call.number(0.5))
    return bounded(call, half, 0.0, 1.0)


def gated(call: Call) -> str:
    """The first half of an axis times the sigmoid of the second."""
    halves = call.graph.nodes("Split", call.first(), count=2, axis=int(call.get("axis", -1)), num_outputs=2)
    return call.node("Mul", halves[0], call.node("Sigmoid", halves[1]))


ACTIVATIONS: dict[str, Emitter] = {
    "ReLU": rectified,
    "Relu": unary("Relu"),
    "Relu6": relu_up_to_six,
    "LeakyRelu": scaled("LeakyRelu", "alpha", "negative_slope"),
    "Elu": scaled("Elu", "alpha", "alpha"),
    "Celu": scaled("Celu", "alpha", "alpha"),
    "Selu": unary("Selu"),
    "Gelu": gelu,
    "Silu": silu,
    "Sigmoid": unary("Sigmoid"),
    "HardSigmoid": hard_sigmoid,
    "HardSilu": hard_silu,
    "HardTanh": hard_tanh,
    "TanhShrink": tanh_shrink,
    "SoftShrink": shrink(soft=True),
    "HardShrink": shrink(soft=False),
    "Threshold": threshold,
    "Softplus": unary("Softplus"),
    "Softsign": unary("Softsign"),
    "Squareplus": squareplus,
    "SparsePlus": sparse_plus,
    "SparseSigmoid": sparse_sigmoid,
    "LogSigmoid": log_sigmoid,
    "Mish": unary("Mish"),
    "Glu": gated,
    "Softmax": along_axis("Softmax"),
    "LogSoftmax": along_axis("LogSoftmax"),
}
"""Operation class name -> what writes it."""

BY_NAME: dict[str, Emitter] = {"linear": same, "mish": unary("Mish"), "hard_silu": hard_silu}
"""Activation functions that Keras cannot call on a symbolic tensor (mish, hard_silu), or that make no
operation (linear). All others are called, and the operations they make are written."""
