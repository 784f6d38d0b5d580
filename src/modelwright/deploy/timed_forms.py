"""How long does one row take in each form of the model, where it will answer?"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from modelwright.deploy.browser.finding import find_browser
from modelwright.deploy.browser.racing import race
from modelwright.deploy.manifest import manifest_of
from modelwright.deploy.proving import final_of
from modelwright.deploy.raw_rows import raw_rows
from modelwright.deploy.timing import this_machine, time_in_turns
from modelwright.deploy.unseen import Development, development_of
from modelwright.engine.columns import Columns
from modelwright.engine.model import load
from modelwright.engine.preparation.preparation import Preparation
from modelwright.records import Bench, Desk, Study, Target, Timings, Variants, step
from modelwright.serving.manifest import Manifest

TIMED_ROWS = 11


@step(version=1)
def time_forms(
    desk: Desk, bench: Bench, confirmed: Study, made: Variants, *, target: Target, machine: str = ""
) -> Timings:
    """Time one row in every form, in turns, on rows that development may use.

    Forms for the browser are timed in one, if one is found on this machine. Times are facts of one machine
    and one moment; they are recalled, so that a person chooses among the forms by the times that were shown.

    Args:
        machine: what `this_machine` says; where it is given, another one measures anew.
    """
    development = development_of(desk, bench)
    graphs = {one.name: desk.read(one.graph) for one in made.variants}
    # All forms read the same columns in the same order: they share one preparation.
    preparation = load(desk.read(made.variants[0].model)).preparation
    browser = find_browser() if target == "browser" else None
    desk.note(f"timing each form{f' in {browser.name}' if browser else ''}")
    if browser is None:
        return _here(development, preparation, graphs)
    names = tuple(column.name for column in preparation.columns)
    manifest = manifest_of(bench, final_of(confirmed), names, name="timed")
    return _in_browser(development, manifest, graphs, browser)


def _here(development: Development, preparation: Preparation, graphs: dict[str, bytes]) -> Timings:
    from modelwright.exporters.running import Running, feeds_of  # onnxruntime loads only when needed

    rows = development.usable[:TIMED_ROWS]
    feeds = list(feeds_of(preparation, development.columns, rows, batch=1))
    times = time_in_turns({name: partial(Running, graph) for name, graph in graphs.items()}, feeds)
    return Timings(times=times, machine=this_machine())


def _in_browser(
    development: Development, manifest: Manifest, graphs: dict[str, bytes], browser: Path
) -> Timings:
    columns, rows = development.columns, development.usable[:TIMED_ROWS]
    some = Columns(values={name: values[rows] for name, values in columns.values.items()}, rows=len(rows))
    times, machine = race(graphs, manifest, raw_rows(some, manifest.inputs), browser)
    return Timings(times=times, machine=machine)
