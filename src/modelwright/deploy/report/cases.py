"""What happens to a thousand cases? One dot a case."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from modelwright.deploy.report.forest import NARROW, WIDE
from modelwright.deploy.report.lettering import text_width
from modelwright.deploy.report.svg import element, picture, words

CASES = 1000


def cases(kinds: Sequence[tuple[str, str, int]], *, narrow: bool = False) -> Markup:
    """One dot a case, grouped by what the model makes of it.

    Args:
        kinds: (css class, name in the legend, how many), drawn in this order.
        narrow: for a phone.
    """
    width, columns = (NARROW, 40) if narrow else (WIDE, 50)
    step = width / columns
    parts, top = _legend(kinds, width)
    drawn = 0
    for kind, _, count in kinds:
        places = [divmod(index, columns) for index in range(drawn, drawn + count)]
        drawn += count
        if places:
            # Lines of no length with round ends: a dot costs 12 bytes instead of 60.
            moves = (f"M{(c + 0.5) * step:.1f} {top + (r + 0.5) * step:.1f}h0" for r, c in places)
            size = f"{0.62 * step:.1f}"
            parts.append(element("path", kind=f"cases {kind}", d="".join(moves), stroke_width=size))
    height = top + -(-drawn // columns) * step
    described = ", ".join(f"{count:,} {name}" for _, name, count in kinds)
    return picture(width, height, f"What happens to {drawn:,} cases", described, parts)


def shared_out(counts: Sequence[float], total: int = CASES) -> list[int]:
    """The counts as whole numbers of `total`, by largest remainders, so that they add up."""
    whole = sum(counts)
    exact = [count * total / whole for count in counts]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: exact[i] - shares[i], reverse=True)
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def _legend(kinds: Sequence[tuple[str, str, int]], width: float) -> tuple[list[Markup], float]:
    parts: list[Markup] = []
    at, line_at = 0.0, 14.0
    for kind, name, count in kinds:
        text = f"{count:,} {name}"
        needed = text_width(text, 12) + 36
        if at > 0 and at + needed - 18 > width:
            at, line_at = 0.0, line_at + 20
        parts.append(
            element("path", kind=f"cases {kind}", d=f"M{at + 5:.0f} {line_at - 4:.0f}h0", stroke_width="9")
        )
        parts.append(words(at + 15, line_at, text, kind="label"))
        at += needed
    return parts, line_at + 14
