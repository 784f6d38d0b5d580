from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from modelwright.sources.naming import unique_names


@given(some.lists(some.sampled_from(["a", "a.2", " a", "", "column_2", "b"]), max_size=10))
def test_names_are_unique_and_each_difference_is_said(raw: list[str]) -> None:
    names, changes = unique_names(raw, 1)
    assert len(set(names)) == len(names) == len(raw)
    assert all(name.strip() for name in names)
    assert [change.column for change in changes] == [
        new for was, new in zip(raw, names, strict=True) if was != new
    ]
