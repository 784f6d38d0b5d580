"""How raw values become a LiteRT file's tensors, and its answer an answer: as data, for any language."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from modelwright.engine.model import Model
from modelwright.engine.preparation.applying import MAX_DEVIATIONS
from modelwright.engine.preparation.dates import FIRST_SECOND, LAST_SECOND
from modelwright.engine.preparation.preparation import MOST_COUNTED, TextPreparation
from modelwright.engine.preparation.tokens import TOKEN
from modelwright.serving.answers import EVEN_THRESHOLD
from modelwright.serving.manifest import Manifest

FORMAT = "modelwright-preparation/1"


def specification(model: Model, manifest: Manifest) -> dict[str, Any]:
    """Everything that the reference implementations know of a model.

    Every number was worked out when the model was trained: whoever follows it needs sums, products and
    comparisons in double precision, and no logarithm.

    Args:
        manifest: the release's, for what a row's fields are called and what counts as missing.
    """
    from modelwright.exporters.litert.model import (
        OUTPUT,
        design_terms,
        inputs_of,
    )  # onnx loads only when needed

    preparation = model.preparation
    tensors = inputs_of(model)
    bags = any(one.name == "design" for one in tensors) and bool(preparation.texts)
    terms = design_terms(model) if bags else None
    every = sum(len(text.first) for text in preparation.texts)
    return {
        "format": FORMAT,
        "name": manifest.name,
        "fields": [
            {"name": one.name, "type": one.dtype, "missing": list(one.missing_tokens)}
            for one in manifest.inputs
        ],
        "most_deviations": MAX_DEVIATIONS,
        "first_second": FIRST_SECOND,
        "last_second": LAST_SECOND,
        "token": TOKEN.pattern,
        "numbers": [dataclasses.asdict(one) for one in preparation.numbers],
        "categories": [dataclasses.asdict(one) for one in preparation.categories],
        "texts": [_text(one, bags=bags) for one in preparation.texts],
        "max_tokens": preparation.max_tokens,
        "logarithms": np.log(np.arange(1, MOST_COUNTED + 1)).tolist() if bags else [],
        "terms": None if terms is None or len(terms) == every else terms.tolist(),
        "tensors": [{"name": one.name, "shape": list(one.shape), "type": one.dtype} for one in tensors],
        "answer": {"tensor": OUTPUT, **_answering(model, manifest)},
    }


def _text(text: TextPreparation, *, bags: bool) -> dict[str, Any]:
    """A vocabulary; where bags are read also its terms (places of one or two words) and their rarities."""
    said: dict[str, Any] = {
        "column": text.column,
        "words": list(text.words),
        "counted_words": text.counted_words,
    }
    if bags:
        pairs = zip(text.first, text.second, strict=True)
        said |= {"terms": [list(pair) for pair in pairs], "rarity": text.rarity().tolist()}
    return said


def _answering(model: Model, manifest: Manifest) -> dict[str, Any]:
    arrays = model.trained.arrays
    return {
        "kind": manifest.kind,
        "classes": list(manifest.classes),
        "targets": list(manifest.targets),
        "threshold": EVEN_THRESHOLD if manifest.threshold is None else manifest.threshold,
        "scale": np.asarray(arrays["scale"], dtype=np.float64).tolist() if "scale" in arrays else [],
        "centre": np.asarray(arrays["centre"], dtype=np.float64).tolist() if "centre" in arrays else [],
    }
