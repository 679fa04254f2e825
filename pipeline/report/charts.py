"""Charts as SVG, drawn with Vega-Lite: nothing to load, the same on paper and screen, legible in light and dark."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from markupsafe import Markup, escape

_FONT = "system-ui, sans-serif"
# Text and lines take the page's colour, so that a chart follows its theme; marks keep a blue that both themes bear.
_INK, _MARK, _FAINT = "currentColor", "#3d8bc4", "#8a8a8a"
_AXIS = {f"{part}Color": _INK for part in ("label", "title", "domain", "tick")}
_ROOM = {"left": 24, "right": 24, "top": 5, "bottom": 5}  # fonts differ from the ones that the drawing measured
_WHOLE = alt.Scale(domain=[0, 1])
Rows = Sequence[Mapping[str, Any]]


def _svg(chart: Any, description: str) -> Markup:
    styled = (
        chart.configure(font=_FONT, background="transparent", padding=_ROOM)
        .configure_view(stroke=None)
        .configure_axis(gridColor=_FAINT, gridOpacity=0.3, labelLimit=320, **_AXIS)
        .configure_legend(labelColor=_INK, titleColor=_INK)
    )
    svg = vl_convert.vegalite_to_svg(styled.to_json())
    plain = re.sub(r' (?:aria-[a-z]+|role)="[^"]*"', "", svg)  # the figure is told as a whole, by its label
    return Markup(plain.replace("<svg ", f'<svg role="img" aria-label="{escape(description)}" ', 1))  # noqa: S704


def _ends(interval: Sequence[float]) -> dict[str, float]:
    low, high = interval
    return {"low": low, "high": high}


def _spans(rows: Rows, name: str, value: str, title: str, sort: list[str]) -> Any:
    """A point and its interval (`low` to `high`) a row, named at the left, with its figure above."""
    base = alt.Chart(pd.DataFrame(list(rows))).encode(y=alt.Y(f"{name}:N", sort=sort, title=None))
    span = base.mark_rule(strokeWidth=2, color=_MARK).encode(x=alt.X("low:Q", scale=_WHOLE, title=title), x2="high:Q")
    point = base.mark_point(filled=True, size=80, color=_MARK, opacity=1).encode(x=f"{value}:Q")
    text = base.mark_text(dy=-10, color=_INK).encode(x=f"{value}:Q", text=alt.Text(f"{value}:Q", format=".2f"))
    return (span + point + text).properties(width=420, height=alt.Step(30))


def comparison(result: Mapping[str, Any]) -> Markup:
    """Macro-F1 of the model and of each baseline, with intervals."""
    systems = {"model": result, **result["baselines"]}
    rows = [
        {"system": name, "macro_f1": row["macro_f1"], **_ends(row["intervals"]["macro_f1"])}
        for name, row in systems.items()
    ]
    order = [str(row["system"]) for row in sorted(rows, key=lambda row: -row["macro_f1"])]
    return _svg(_spans(rows, "system", "macro_f1", "macro-F1", order), "Macro-F1 by system, with intervals")


def confusion(result: Mapping[str, Any]) -> Markup:
    """Counts of true label by predicted label, shaded by the share of the true label."""
    rows = [
        {"label": t, "predicted": p, "count": n, "share": n / max(1, sum(row.values()))}
        for t, row in result["confusion"].items()
        for p, n in row.items()
    ]
    order = list(result["confusion"])
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("predicted:N", sort=order, axis=alt.Axis(orient="top", labelAngle=0), title="predicted"),
        y=alt.Y("label:N", sort=order, title="label"),
    )
    scale = alt.Scale(range=["#eef4fa", "#08306b"], domain=[0, 1])
    cells = base.mark_rect().encode(color=alt.Color("share:Q", scale=scale, legend=None))
    dark = alt.condition(alt.datum.share > 0.45, alt.value("white"), alt.value("black"))
    text = base.mark_text().encode(text="count:Q", color=dark)
    return _svg((cells + text).properties(width=300, height=240), "Confusion matrix, true label by predicted label")


def reliability(result: Mapping[str, Any]) -> Markup:
    """Share right by confidence; on the diagonal the model is as sure as it should be."""
    x = alt.X("confidence:Q", scale=_WHOLE, title="confidence")
    y = alt.Y("accuracy:Q", scale=_WHOLE, title="share right")
    ends = pd.DataFrame({"confidence": [0, 1], "accuracy": [0, 1]})
    diagonal = alt.Chart(ends).mark_line(strokeDash=[4, 4], color=_FAINT).encode(x=x, y=y)
    points = alt.Chart(pd.DataFrame(result["reliability"])).mark_point(filled=True, color=_MARK, opacity=1)
    sized = points.encode(x=x, y=y, size=alt.Size("count:Q", title="statements"))
    return _svg((diagonal + sized).properties(width=260, height=260), "Share right by confidence")


def risk_coverage(rows: Rows) -> Markup:
    """Share of wrong labels among the surest statements, by how many are kept."""
    x = alt.X("coverage:Q", scale=_WHOLE, axis=alt.Axis(format="%"), title="statements kept, the surest first")
    y = alt.Y("error:Q", axis=alt.Axis(format="%"), title="of them wrong")
    line = alt.Chart(pd.DataFrame(list(rows))).mark_line(color=_MARK, strokeWidth=2).encode(x=x, y=y)
    return _svg(line.properties(width=420, height=220), "Share of wrong labels by share of statements kept")


def slices(rows: Rows) -> Markup:
    """Macro-F1 of every part of the held-out statements, the worst first, with intervals."""
    named = [
        {
            "part": f"{row['by']}: {row['part']} ({row['n']:,})",
            "macro_f1": row["macro_f1"],
            **_ends(row["macro_f1_interval"]),
        }
        for row in rows
    ]
    order = [str(row["part"]) for row in named]
    return _svg(_spans(named, "part", "macro_f1", "macro-F1", order), "Macro-F1 by part, worst first")


def behaviour(rows: Rows) -> Markup:
    """Share of failing cases by capability, the worst first."""
    shares = [{"capability": row["capability"], "failing": row["failures"] / row["cases"]} for row in rows]
    base = alt.Chart(pd.DataFrame(shares)).encode(
        y=alt.Y("capability:N", sort=[row["capability"] for row in shares], title=None),
        x=alt.X("failing:Q", scale=_WHOLE, axis=alt.Axis(format="%"), title="failing cases"),
    )
    text = base.mark_text(dx=4, align="left", color=_INK).encode(text=alt.Text("failing:Q", format=".0%"))
    bars = base.mark_bar(color=_MARK, height=12)
    return _svg((bars + text).properties(width=420, height=alt.Step(22)), "Failing cases by capability, worst first")


def learning(rows: Rows) -> Markup:
    """Macro-F1 on the validation speeches by epoch; epoch 0 is the probe that training starts from."""
    x = alt.X("epoch:Q", axis=alt.Axis(format="~g", values=[row["epoch"] for row in rows]))
    y = alt.Y("macro_f1:Q", scale=_WHOLE, title="macro-F1")
    line = alt.Chart(pd.DataFrame(list(rows))).mark_line(point=True, color=_MARK).encode(x=x, y=y)
    return _svg(line.properties(width=300, height=180), "Macro-F1 on validation speeches by epoch")
