"""Names of states as records and data sets give them."""

import pytest

from pipeline.countries import country_code, mention_code, mentions_pattern


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Democratic People's Republic of Korea", "PRK"),
        ("Democratic People’s Republic of Korea", "PRK"),
        ("Republic of Korea", "KOR"),
        ("the Sudan", "SDN"),
        ("Bolivia (Plurinational State Of)", "BOL"),
        ("Plurinational State of Bolivia", "BOL"),
        ("Iran (Islamic Republic of)", "IRN"),
        ("Türkiye", "TUR"),
        ("Turkey", "TUR"),
        ("Czech Republic", "CZE"),
        ("Czechia", "CZE"),
        ("Côte d’Ivoire", "CIV"),
        ("Viet Nam", "VNM"),
        ("PRK", "PRK"),
        ("European Union", ""),
        ("Department for General Assembly and Conference Management", ""),
        ("", ""),
    ],
)
def test_names(name: str, code: str) -> None:
    assert country_code(name) == code


def test_mentions_in_running_text() -> None:
    text = "Pyongyang's envoy and the Norwegian delegate met in Chinatown."
    assert [mention_code(m[0]) for m in mentions_pattern().finditer(text)] == ["PRK", "NOR"]
