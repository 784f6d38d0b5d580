"""Whatever the data hold shows in Markdown as it is."""

from __future__ import annotations

import pytest

from modelwright.deploy.cards.markdown import bullets, plain, table

NASTY = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](https://example.org/x.png)",
    "`code` *bold* _soft_ ~~gone~~",
    "# heading",
    "- item",
    "1. item",
    "= rule",
    "a | b",
    "&lt;b&gt; &#60;",
    "https://example.org www.example.org me@example.org",
    "\\[\\]",
    "../../etc/passwd",
    "=2+5",
    "two\n\n# lines",
]


@pytest.mark.parametrize("text", NASTY)
def test_nothing_but_the_text_itself_is_rendered(text: str) -> None:
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark", {"html": True}).enable("table")
    shown = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert markdown.render(plain(text)) == f"<p>{shown}</p>\n"
    assert markdown.render("\n".join(bullets([text]))) == f"<ul>\n<li>{shown}</li>\n</ul>\n"
    cells = markdown.render("\n".join(table(("what",), [(text.replace("\n", " "),)])))
    assert f"<td>{shown}</td>" in cells


def test_what_is_very_long_is_cut() -> None:
    assert len(plain("Ж" * 5_000)) <= 1_000


def test_figures_are_left_as_they_are() -> None:
    assert plain("0.93 (0.91 to 0.95), 1,234 rows; 5 of 7.") == "0.93 (0.91 to 0.95), 1,234 rows; 5 of 7."
