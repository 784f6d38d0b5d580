"""What can be wrong with a request, a row or a release, in four parts."""

from __future__ import annotations

MAX_SHOWN_CHARACTERS = 100


class Problem(Exception):
    """Where it is, what was expected, what was received and what to do.

    Args:
        where: the request, row, field, line or file at fault.
        expected: what would have been right.
        received: what was there instead.
        do_this: the next thing to try, as an instruction.
    """

    status = 400

    def __init__(self, *, where: str, expected: str, received: str, do_this: str) -> None:
        self.where = where
        self.expected = expected
        self.received = received
        self.do_this = do_this
        super().__init__(f"{where}: expected {expected}; received {received}. {do_this}")

    def parts(self) -> dict[str, str | int]:
        """The four parts and the problem's kind, as plain data."""
        return {
            "error": type(self).__name__,
            "where": self.where,
            "expected": self.expected,
            "received": self.received,
            "do_this": self.do_this,
        }


class RequestProblem(Problem):
    """A request that cannot be read as rows.

    Args:
        status: the HTTP status it is answered with.
        retry_after_seconds: when to try again, for a server that is busy or stopping.
    """

    def __init__(
        self,
        *,
        where: str,
        expected: str,
        received: str,
        do_this: str,
        status: int = 400,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(where=where, expected=expected, received=received, do_this=do_this)
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class RowProblem(Problem):
    """A row the model's schema does not allow.

    Args:
        row: its number among the rows given, from 1.
        field: the field at fault; empty when the row itself is.
    """

    status = 422

    def __init__(
        self, *, row: int, field: str = "", expected: str, received: str, do_this: str, status: int = 422
    ) -> None:
        where = f"row {row}, field '{field}'" if field else f"row {row}"
        super().__init__(where=where, expected=expected, received=received, do_this=do_this)
        self.row = row
        self.field = field
        self.status = status

    def parts(self) -> dict[str, str | int]:
        """The four parts, the row's number and the field's name."""
        return {**super().parts(), "row": self.row, "field": self.field}


class ReleaseProblem(Problem):
    """A release folder that is missing, damaged or of another version."""

    status = 500


class TableProblem(Problem):
    """A file of rows that cannot be read or written."""


def shown(value: object) -> str:
    """A received value as people may read it: JSON's words, at most 100 characters."""
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    if isinstance(value, int) and value.bit_length() > 4 * MAX_SHOWN_CHARACTERS:
        return "a whole number of more than 100 digits"
    text = repr(value[: MAX_SHOWN_CHARACTERS + 1] if isinstance(value, str) else value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "..."
