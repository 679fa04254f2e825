"""News reports: every quotation and paraphrase to its speaker, the reporter's own sentences apart."""

from pipeline.transcripts.news import REPORTER, looks_like_news, read_news

REPORT = """Members split over fuel cap

The Security Council met on Tuesday to weigh a draft on fuel exports.

Norway's ambassador, Ingrid Dahlberg, said the draft was "overdue". "We shall vote for it," she added.

Read more: An earlier vote

Kofi Adjeiman, the deputy ambassador of Ghana, argued that talks should come first. According to Adjeiman, "nobody has tried".

The vote is expected on Friday.

"The list is too long," the Ghanaian envoy told reporters. Dahlberg replied that it could be longer.
"""


def test_statements_go_to_whoever_they_are_attributed_to() -> None:
    assert looks_like_news(REPORT)
    turns = [(t.speaker, t.country, t.text) for t in read_news(REPORT)]
    assert turns == [
        (REPORTER, "", "The Security Council met on Tuesday to weigh a draft on fuel exports."),
        (
            "Ingrid Dahlberg",
            "NOR",
            'Norway\'s ambassador, Ingrid Dahlberg, said the draft was "overdue". "We shall vote for it," she added.',
        ),
        (
            "Kofi Adjeiman",
            "GHA",
            "Kofi Adjeiman, the deputy ambassador of Ghana, argued that talks should come first. "
            'According to Adjeiman, "nobody has tried".',
        ),
        (REPORTER, "", "The vote is expected on Friday."),
        ("Kofi Adjeiman", "GHA", '"The list is too long," the Ghanaian envoy told reporters.'),
        ("Ingrid Dahlberg", "NOR", "Dahlberg replied that it could be longer."),
    ]


PARAPHRASED = """Sponsors put off vote on fuel

Mr. Arne Solberg, Counsellor at the Mission of Norway, said that the vote had been put off.

Ms. Ama Darko, First Secretary of Ghana, regretted the delay. In her view nothing had been gained by it.

The text had been circulated on Monday. For Chile, Mr. Luis Parra, Deputy Representative, hoped for talks.
"""


def test_a_report_without_quotations_is_told_by_its_third_person() -> None:
    assert looks_like_news(PARAPHRASED)
    assert [(t.speaker, t.country) for t in read_news(PARAPHRASED)] == [
        ("Arne Solberg", "NOR"),
        ("Ama Darko", "GHA"),
        (REPORTER, ""),
        ("Luis Parra", "CHL"),
    ]


def test_a_speech_is_no_news_report() -> None:
    assert not looks_like_news("We agree. The President said so. We shall vote in favour of it today.")
