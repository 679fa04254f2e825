"""What training changes in its own statements."""

from pipeline.augmentation import swap_countries, thin
from pipeline.countries import country_code
from pipeline.domain import Example


def _examples(labels: str) -> list[Example]:
    return [Example(str(i), "s", f"text {i}", "", label) for i, label in enumerate(labels)]


def test_statements_without_a_stance_are_thinned_and_nothing_else_is() -> None:
    examples = _examples("pnnnnnncnnnn")
    kept = thin(examples, "n", 1.5, 1)
    assert [e.label for e in kept if e.label != "n"] == ["p", "c"]
    assert sum(e.label == "n" for e in kept) == 3
    assert [e for e in examples if e in kept] == kept == thin(examples, "n", 1.5, 1)
    assert thin(examples, "n", 5, 1) == examples
    assert thin(_examples("nnn"), "n", 0.1, 1) == _examples("nnn")


def test_other_states_are_named_alike_in_statement_and_context() -> None:
    example = Example(
        "1", "s", "We ask Norway and the Sudan to help Norway.", "Norway is near Nigeria, in Norwegian eyes.", "p"
    )
    told = swap_countries([example] * 30, 1.0, 1)
    for one in told:
        new = one.statement.removeprefix("We ask ").split(" and the ")[0]
        assert country_code(new) not in ("", "NOR")
        assert one.statement.endswith(f"to help {new}.") and one.previous.startswith(f"{new} is near ")
        assert one.previous.endswith("in Norwegian eyes.") and one.label == "p"
    assert len({one.statement for one in told}) > 20
    assert swap_countries([example], 0.0, 1) == [example]
