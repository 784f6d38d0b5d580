"""Keras is imported without what it would import and nobody uses here."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_keras_brings_neither_pandas_nor_scikit_learn_and_both_can_still_be_had() -> None:
    code = "import sys, modelwright.engine.keras_backend; print({'pandas', 'sklearn'} & {*sys.modules}); "
    code += "import pandas, sklearn.base; print(pandas.DataFrame.__name__, sklearn.base.clone.__name__)"
    assert run(code) == "set()\nDataFrame clone"


def test_what_was_imported_before_stays_as_it_was() -> None:
    code = "import sys, pandas; import modelwright.engine.keras_backend; "
    code += "print(sys.modules['pandas'] is pandas, 'sklearn' in sys.modules)"
    assert run(code) == "True False"
