"""Charts as SVG, drawn with Vega-Lite: nothing to load, the same on paper and on a screen."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from markupsafe import Markup

# Okabe and Ito's palette, told apart by the colour-blind; a label gets its place's colour.
_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#8A8A8A", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_FONT = "system-ui, sans-serif"


def colours(labels: Sequence[str]) -> dict[str, str]:
    """A colour a label, by its place in the codebook."""
    return {label: _PALETTE[i % len(_PALETTE)] for i, label in enumerate(labels)}


def _svg(chart: Any, description: str) -> Markup:
    styled = chart.configure(font=_FONT, background="transparent").configure_view(stroke=None)
    svg = vl_convert.vegalite_to_svg(styled.to_json())
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1))  # noqa: S704


def comparison(result: Mapping[str, Any]) -> Markup:
    """Macro-F1 of the model and of each baseline, with intervals."""
    rows = [
        {
            "system": name,
            "macro_f1": row["macro_f1"],
            "low": row["intervals"]["macro_f1"][0],
            "high": row["intervals"]["macro_f1"][1],
        }
        for name, row in {"model": result, **result["baselines"]}.items()
    ]
    order = [row["system"] for row in sorted(rows, key=lambda row: -row["macro_f1"])]
    base = alt.Chart(pd.DataFrame(rows)).encode(y=alt.Y("system:N", sort=order, title=None))
    scale = alt.Scale(domain=[0, 1])
    span = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale, title="macro-F1"), x2="high:Q")
    point = base.mark_point(filled=True, size=90).encode(x="macro_f1:Q")
    text = base.mark_text(dy=-12).encode(x="macro_f1:Q", text=alt.Text("macro_f1:Q", format=".2f"))
    return _svg((span + point + text).properties(width=420, height=190), "Macro-F1 by system with intervals")


def confusion(result: Mapping[str, Any]) -> Markup:
    """Counts of true label by predicted label, shaded by the share of the true label."""
    rows = [
        {"label": t, "predicted": p, "count": n, "share": n / max(1, sum(row.values()))}
        for t, row in result["confusion"].items()
        for p, n in row.items()
    ]
    order = list(result["confusion"])
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("predicted:N", sort=order, axis=alt.Axis(orient="top", labelAngle=0)), y=alt.Y("label:N", sort=order)
    )
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None)
    )
    dark = alt.condition(alt.datum.share > 0.55, alt.value("white"), alt.value("black"))
    text = base.mark_text().encode(text="count:Q", color=dark)
    return _svg((cells + text).properties(width=300, height=240), "Confusion matrix, true label by predicted label")


def reliability(result: Mapping[str, Any]) -> Markup:
    """Share right by confidence; on the diagonal the model is as sure as it should be."""
    diagonal = (
        alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]}))
        .mark_line(strokeDash=[4, 4], color="#999")
        .encode(x=alt.X("x:Q", title="confidence"), y=alt.Y("y:Q", title="share right"))
    )
    points = (
        alt.Chart(pd.DataFrame(result["reliability"]))
        .mark_point(filled=True)
        .encode(
            x=alt.X("confidence:Q", scale=alt.Scale(domain=[0, 1]), title="confidence"),
            y=alt.Y("accuracy:Q", scale=alt.Scale(domain=[0, 1]), title="share right"),
            size=alt.Size("count:Q", title="statements"),
        )
    )
    return _svg((diagonal + points).properties(width=260, height=260), "Reliability: share right by confidence")


def countries(rows: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> Markup:
    """Counts of stances a country, stacked."""
    long = [{"country": row["country"], "stance": label, "statements": row[label]} for row in rows for label in labels]
    palette = colours(labels)
    chart = (
        alt.Chart(pd.DataFrame(long))
        .mark_bar()
        .encode(
            y=alt.Y("country:N", sort=[row["country"] for row in rows], title=None),
            x="statements:Q",
            color=alt.Color(
                "stance:N", sort=list(labels), scale=alt.Scale(domain=list(labels), range=list(palette.values()))
            ),
        )
    )
    return _svg(chart.properties(width=480), "Statements by country and stance")
