"""Results and progress on the terminal."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.domain import Progress

_ROWS = 25
_EVERY = 10.0  # seconds between lines of progress where no terminal is


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=100)


def progress_line(progress: Progress, seconds: float) -> str:
    """How far scoring is: statements done, rate, time left, rejects."""
    rate = (progress.done - progress.resumed) / max(seconds, 1e-9)
    left = max(0, progress.expected - progress.done) / rate if rate else 0.0
    return (
        f"{progress.done:,} of about {max(progress.expected, progress.done):,} statements scored, {rate:,.0f}/s, "
        f"about {left / 60:.0f} min left, {progress.rejects:,} rejected"
    )


@contextmanager
def scoring_progress() -> Iterator[Callable[[Progress], None]]:
    """Show how far scoring is, on standard error: one line that changes; without a terminal, a line now and then."""
    console = Console(stderr=True)
    begin = shown = time.monotonic()
    if console.is_terminal:
        with console.status("reading and loading") as status:
            yield lambda progress: status.update(progress_line(progress, time.monotonic() - begin))
        return

    def tell(progress: Progress) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= _EVERY:
            shown = now
            console.print(progress_line(progress, now - begin), soft_wrap=True, highlight=False)

    yield tell


def result_table(result: Mapping[str, Any]) -> None:
    """Print the model beside its baselines: macro-F1 with interval, and the difference."""
    table = Table(title=f"Macro-F1 on {result['on']}: {result['n']:,} statements, {result['speeches']:,} speeches")
    table.add_column("system")
    for name in ("macro-F1", "95 % interval", "stances only", "MCC", "model minus this"):
        table.add_column(name, justify="right")
    rows = {"model": result, **result["baselines"]}
    for name, row in rows.items():
        low, high = row["intervals"]["macro_f1"]
        gap = row.get("model_minus_baseline", {}).get("macro_f1")
        difference = (
            "" if gap is None else (f"{gap['difference']:+.3f} [{gap['interval'][0]:+.3f}, {gap['interval'][1]:+.3f}]")
        )
        numbers = (
            f"{row['macro_f1']:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{row['macro_f1_stances']:.3f}",
            f"{row['mcc']:.3f}",
        )
        table.add_row(name, *numbers, difference)
    _console().print(table)
    labels = Table()
    labels.add_column("label")
    for name in ("precision", "recall", "F1", "statements"):
        labels.add_column(name, justify="right")
    for label, row in result["per_label"].items():
        labels.add_row(label, *(f"{row[m]:.3f}" for m in ("precision", "recall", "f1")), f"{row['support']:,}")
    _console().print(labels)


def stance_table(tally: Mapping[str, Counter[str]], labels: list[str]) -> None:
    """Print counts of stances by country or affiliation, the most talkative first."""
    table = Table(title="Statements by country (or affiliation) and stance")
    table.add_column("country")
    shown = [*labels, ""] if any(counts[""] for counts in tally.values()) else labels
    for label in shown:
        table.add_column(label or "left open", justify="right")
    ordered = sorted(tally.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    for name, counts in ordered[:_ROWS]:
        table.add_row(escape(name), *(f"{counts[label]:,}" for label in shown))
    if len(ordered) > _ROWS:
        rest = sum((counts for _, counts in ordered[_ROWS:]), Counter())
        table.add_row(f"{len(ordered) - _ROWS} others", *(f"{rest[label]:,}" for label in shown))
    _console().print(table)


def examination_tables(found: Mapping[str, Any]) -> None:
    """Print the slices, the worst first, and the behaviour tests' failures."""
    parts = Table(title="Held-out speeches in parts")
    for name in ("by", "part"):
        parts.add_column(name)
    for name in ("macro-F1", "95 % interval", "accuracy", "statements", "speeches"):
        parts.add_column(name, justify="right")
    for row in found["slices"]:
        low, high = row["macro_f1_interval"]
        figures = (f"{row['macro_f1']:.3f}", f"{low:.3f} to {high:.3f}", f"{row['accuracy']:.3f}", f"{row['n']:,}")
        parts.add_row(row["by"], row["part"], *figures, f"{row['speeches']:,}")
    _console().print(parts)
    tests = Table(title="Behaviour tests")
    tests.add_column("capability")
    for name in ("cases", "failures", "rate"):
        tests.add_column(name, justify="right")
    for row in found["behaviour"]:
        tests.add_row(
            row["capability"], str(row["cases"]), str(row["failures"]), f"{row['failures'] / row['cases']:.0%}"
        )
    _console().print(tests)


def shares_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print shares of stances as a model's labels give them, and as a labelled sample corrects them."""
    table = Table(title="Share of statements, counted from the model's labels and corrected by the sample")
    for name in ("group", "stance"):
        table.add_column(name)
    for name in ("statements", "labelled", "model's labels", "corrected"):
        table.add_column(name, justify="right")
    for row in rows:
        counted = _with_interval(row["naive"], row["naive_low"], row["naive_high"])
        corrected = _with_interval(row["share"], row["low"], row["high"])
        numbers = (f"{row['statements']:,}", f"{row['labelled']:,}", counted, corrected)
        table.add_row(escape(str(row["group"])), row["stance"], *numbers)
    _console().print(table)


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "no sample"
    return f"{value:.1%} " + ("(too few)" if low is None else f"[{low:.1%}, {high:.1%}]")
