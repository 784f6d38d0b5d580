"""Which operators does a LiteRT file need? Built-in ones only, read from the file itself."""

from __future__ import annotations

from collections import Counter

from modelwright.errors import ExportError
from modelwright.exporters.litert.flatbuffer import schema, unpacked

OUTSIDE = ("CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES")
CONVERTERS_OWN = "STABLEHLO_"
"""In the schema for converters; the runtime has none of them."""


def operators_of(data: bytes) -> dict[str, int]:
    """How often each built-in operator is applied, by name.

    Raises:
        ExportError: an operator is not built in.
    """
    model = unpacked(data)
    names = {code: name for name, code in vars(schema().BuiltinOperator).items() if not name.startswith("_")}
    codes = [names[code.builtinCode] for code in model.operatorCodes]
    foreign = [name for name in codes if name in OUTSIDE or name.startswith(CONVERTERS_OWN)]
    if foreign or any(code.customCode for code in model.operatorCodes):
        raise ExportError(
            where="the model's LiteRT file",
            expected="built-in operators only",
            received=", ".join(foreign) or "an operator of somebody's own",
            do_this="Report this to the maintainers; ship it to the server or the browser meanwhile.",
        )
    applied = Counter(codes[one.opcodeIndex] for graph in model.subgraphs for one in graph.operators)
    return dict(sorted(applied.items()))
