"""The corpus report as Markdown, and its place in the datasheet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.tables import whole

BEGIN, END = "<!-- figures: stance corpus -->", "<!-- end of figures -->"


def markdown(result: Mapping[str, Any]) -> str:
    """The report as Markdown tables."""
    words, probe, agreed = result["words"], result["country_probe"], result["agreement"]
    often = result["countries_that_speak_often"]
    topics = result["stances_by_topic"]
    first_topic, bearing = next(iter(topics)), sum(topics.values())
    low, high = agreed["alpha_interval"] or (0.0, 0.0)
    facts = [
        ("files", f"{result['files']:,}"),
        ("speeches", f"{result['speeches']:,}"),
        ("statements", f"{result['statements']:,}"),
        ("states that speak", f"{result['countries']}"),
        ("years", " to ".join(result["years"])),
        (
            "words a statement",
            f"mean {words['mean']:.1f}, standard deviation {words['standard_deviation']:.1f}, a tenth below "
            f"{words['tenth_below']:.0f}, a tenth above {words['tenth_above']:.0f}",
        ),
        *((f"labelled `{label}`", f"{count:,}") for label, count in result["labels"].items()),
        (f"stances on the topic `{first_topic}`", f"{topics[first_topic] / bearing:.0%} of {bearing:,}"),
        ("topics with a stance", f"{len(topics)}"),
        *(
            (f"`{label}` with the explicit word", f"{share:.0%}")
            for label, share in result["explicit_by_label"].items()
        ),
        ("no stance in debates, yet with words of the matter", f"{result['no_stance_in_debates_near_the_matter']:.0%}"),
        ("six-word sequences in more than five speeches, set phrases apart", f"{len(result['repeated_sequences'])}"),
        ("near-duplicates across speeches", f"{result['near_duplicate_share']:.2%}"),
        (
            "macro-F1 from the speaker's country alone",
            f"{probe['country_macro_f1']:.3f} (majority {probe['majority_macro_f1']:.3f})",
        ),
        (
            "countries that speak often, with three labels or more",
            f"{often - len(result['of_them_with_fewer_than_three_labels'])} of {often}",
        ),
        ("Krippendorff's alpha", f"{agreed['krippendorff_alpha']:.3f} (95 % interval {low:.3f} to {high:.3f})"),
        *((f"alpha of `{label}`", f"{alpha:.3f}") for label, alpha in agreed["alpha_by_label"].items()),
        *((f"Cohen's kappa of {' and '.join(p['annotators'])}", f"{p['cohen_kappa']:.3f}") for p in agreed["pairs"]),
        ("adjudicated", f"{agreed['adjudicated']:,}"),
        ("corrected after adjudication", f"{agreed['corrected']:,}"),
        ("statements that show each ruling", ", ".join(f"{n}: {count}" for n, count in result["rulings"].items())),
    ]
    lines = ["| what | figure |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in facts)]
    if "against" in result:
        found = result["against"]
        lines += ["", f"Told from the other statements with AUC {found['auc']:.3f} (0.5: not at all)."]
        lines += [f"Ours: {', '.join(found['ours'])}.", f"Theirs: {', '.join(found['theirs'])}."]
    return "\n".join(lines)


def write_figures(page: Path, result: Mapping[str, Any]) -> None:
    """Put the tables between the marks of a page.

    Raises:
        InputError: the page has no marks.
    """
    text = page.read_text("utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise InputError(str(page), expected=f"the marks {BEGIN} and {END}", found="none", remedy="Put them in.")
    with whole(page) as file:
        file.write(f"{head}{BEGIN}\n{markdown(result)}\n{END}{tail}")
