"""A file as a C array, for devices without a file system."""

from __future__ import annotations

BYTES_A_LINE = 16


def c_array(name: str, data: bytes) -> dict[str, bytes]:
    """``name.h`` and ``name.cc``; the bytes lie at a multiple of 16, as the runtime wants a model."""
    numbers = [str(byte) for byte in data]
    lines = (", ".join(numbers[at : at + BYTES_A_LINE]) for at in range(0, len(numbers), BYTES_A_LINE))
    body = ",\n  ".join(lines)
    header = (
        f"// {name}.tflite as an array.\n#pragma once\n\n#include <cstddef>\n\n"
        f"extern const unsigned char {name}[];\nextern const std::size_t {name}_size;\n"
    )
    source = (
        f'#include "{name}.h"\n\nalignas(16) const unsigned char {name}[] = {{\n  {body}\n}};\n'
        f"const std::size_t {name}_size = sizeof({name});\n"
    )
    return {f"{name}.h": header.encode(), f"{name}.cc": source.encode()}
