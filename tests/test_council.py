"""The Security Council Debates corpus: names, metadata with broken rows, archives with traps."""

import io
import tarfile
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.segment import Summary, read_statements
from pipeline.transcripts.council import read_metadata, tar_speeches

NAME = "UNSC_2017_SPV.8042_spch0003.txt"
HEADER = "filename\tdate\tspeaker\tcountry_org\tparticipanttype\tmeeting_symbol"
ROWS = f"{HEADER}\n{NAME}\t2017-09-11\tMs. Dahl\tNorway\tMentioned\tS/PV.8042\nother.txt\t2017-09-11\tMr. A\n B\tNA\tGuest\tNA\n"


def test_metadata_is_read_without_quoting_and_broken_rows_joined(tmp_path: Path) -> None:
    path = tmp_path / "speaker.tsv"
    path.write_text(ROWS.replace("Ms. Dahl", "Ms. \"Dahl''"))
    rows = read_metadata(path, "filename")
    assert rows[NAME]["speaker"] == "Ms. \"Dahl''"
    assert rows["other.txt"] == {
        "filename": "other.txt",
        "date": "2017-09-11",
        "speaker": "Mr. A  B",
        "country_org": "",
        "participanttype": "Guest",
        "meeting_symbol": "",
    }
    with pytest.raises(InputError, match="basename"):
        read_metadata(path, "basename")


def _tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("speeches/UNSC_2017_SPV.8042_spch0009.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)


def test_folder_and_archive_give_the_same_statements(tmp_path: Path) -> None:
    speech = b"Ms. Dahl (Norway): We agree. We go on."
    folder = tmp_path / "speeches"
    folder.mkdir()
    (folder / NAME).write_bytes(speech)
    (tmp_path / "speaker.tsv").write_text(ROWS)
    _tar(tmp_path / "speeches.tar", {f"speeches/{NAME}": speech, "speeches/readme.md": b"no speech"})
    found = []
    for source in (folder, tmp_path / "speeches.tar"):
        summary = Summary()
        rows = list(read_statements([str(source)], summary))
        assert not summary.rejects
        found.append([(s.statement_id, s.text, s.speech.turn.country, s.speech.transcript.symbol) for s in rows])
    assert found[0] == found[1]
    assert [row[1:] for row in found[0]] == [("We agree.", "NOR", "S/PV.8042"), ("We go on.", "NOR", "S/PV.8042")]


def test_a_truncated_archive_is_said_to_be_one(tmp_path: Path) -> None:
    _tar(tmp_path / "whole.tar", {f"speeches/{NAME}": b"We agree. " * 300})
    path = tmp_path / "speeches.tar"
    path.write_bytes((tmp_path / "whole.tar").read_bytes()[:1500])
    with pytest.raises(InputError, match="a tar archive"):
        list(tar_speeches(path))
