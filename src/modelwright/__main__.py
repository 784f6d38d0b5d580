"""``python -m modelwright`` is ``modelwright``."""

from modelwright.cli import main

main()
