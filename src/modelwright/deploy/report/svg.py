"""How is a picture written down? SVG elements as escaped text, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from modelwright.deploy.report.wording import clean

Points = Sequence[tuple[float, float]]


def coordinate(value: float) -> str:
    """A coordinate with at most one decimal: pictures stay small."""
    return f"{value:.1f}".removesuffix(".0")


def element(name: str, *inside: Markup, kind: str = "", **attributes: float | str) -> Markup:
    """One element; `kind` is its class, numbers are written short, text is escaped."""
    written = [f' class="{escape(kind)}"'] if kind else []
    for key, value in attributes.items():
        shown = coordinate(value) if isinstance(value, int | float) else escape(clean(value))
        written.append(f' {key.replace("_", "-")}="{shown}"')
    opening = f"<{name}{''.join(written)}"
    return Markup(f"{opening}>{Markup('').join(inside)}</{name}>" if inside else f"{opening}/>")


def words(x: float, y: float, text: str, *, kind: str = "", anchor: str = "start") -> Markup:
    """A line of text whose baseline is at `y`; `anchor` is start, middle or end."""
    inside = escape(clean(text))
    if anchor == "start":
        return element("text", inside, kind=kind, x=x, y=y)
    return element("text", inside, kind=kind, x=x, y=y, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A straight line."""
    return element("line", kind=kind, x1=x1, y1=y1, x2=x2, y2=y2)


def box(x: float, y: float, width: float, height: float, kind: str, **more: float | str) -> Markup:
    """A rectangle."""
    return element("rect", kind=kind, x=x, y=y, width=max(0.0, width), height=max(0.0, height), **more)


def dot(x: float, y: float, radius: float, kind: str, says: str = "") -> Markup:
    """A disc; `says` shows when it is pointed at."""
    inside = (element("title", escape(clean(says))),) if says else ()
    return element("circle", *inside, kind=kind, cx=x, cy=y, r=radius)


def path(points: Points, kind: str, *, closed: bool = False) -> Markup:
    """A line through points."""
    moves = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in points)
    return element("path", kind=kind, d=f"M{moves}{'Z' if closed else ''}")


def picture(width: float, height: float, title: str, description: str, parts: Iterable[Markup]) -> Markup:
    """The whole picture, with a title and a description for those who cannot see it."""
    inside = [element("title", escape(clean(title))), element("desc", escape(clean(description))), *parts]
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {coordinate(width)} '
        f'{coordinate(height)}" width="{coordinate(width)}" height="{coordinate(height)}">'
        f"{Markup('').join(inside)}</svg>"
    )
