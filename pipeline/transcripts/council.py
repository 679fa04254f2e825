"""The UN Security Council Debates corpus (doi:10.7910/DVN/KGVSYH): a tar or folder, and two TSV files."""

import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePath

from pipeline.countries import country_code
from pipeline.domain import Turn
from pipeline.errors import InputError
from pipeline.transcripts.paragraphs import Paragraph
from pipeline.transcripts.record import opening
from pipeline.transcripts.text import decode, split_paragraphs

_NAME = re.compile(r"^(?P<base>UNSC_(?P<year>\d{4})_S?PV\.?(?P<meeting>.+))_spch(?P<order>\d+)\.txt$")
MAX_SPEECH = 5_000_000  # bytes; the corpus's longest speech has some 100,000
Meta = dict[str, dict[str, str]]


def is_speech_file(name: str) -> bool:
    """Whether a file is named as the corpus names its speeches."""
    return bool(_NAME.match(name))


def read_metadata(path: Path, key: str) -> Meta:
    """Read `speaker.tsv` or `meta.tsv` by the column `key`; an absent file gives nothing.

    Rows are read without quoting; a row that a newline inside a field has split is joined until it has
    as many tabs as the header; `NA` is a missing value.

    Raises:
        InputError: the file has no such column.
    """
    if not path.is_file():
        return {}
    lines = decode(path.read_bytes(), str(path)).split("\n")
    header = lines[0].split("\t")
    if key not in header:
        raise InputError(str(path), expected=f"a column '{key}'", found=", ".join(header), remedy="Get the file again.")
    rows, held = {}, ""
    for line in lines[1:]:
        held = f"{held} {line}" if held else line
        if held.count("\t") < len(header) - 1:
            continue
        cells = ["" if cell == "NA" else cell.strip() for cell in held.split("\t")]
        row = dict(zip(header, cells, strict=False))
        rows[row[key]] = row
        held = ""
    return rows


class CouncilCorpus:
    """The corpus's metadata, looked up a speech at a time."""

    def __init__(self, folder: Path) -> None:
        self.speakers = read_metadata(folder / "speaker.tsv", "filename")
        self.meetings = read_metadata(folder / "meta.tsv", "basename")

    def read(self, data: bytes, name: str) -> tuple[str, int, dict[str, str], Turn]:
        """Give meeting, order, head and turn of one speech file.

        Raises:
            InputError: the text cannot be decoded.
        """
        match = _NAME.match(name)
        if match is None:
            raise InputError(name, expected="UNSC_YYYY_SPV.N_spchNNNN.txt", found=name, remedy="Leave it out.")
        row = self.speakers.get(name) or self.speakers.get(PurePath(name).stem) or {}
        meeting = self.meetings.get(match["base"], {})
        symbol = row.get("meeting_symbol") or row.get("document_symbol") or f"S/PV.{match['meeting']}"
        head = {
            "symbol": symbol,
            "body": "Security Council",
            "date": row.get("date") or meeting.get("date") or match["year"],
        }
        return match["base"], int(match["order"]), head, self._turn(decode(data, name), row)

    def _turn(self, text: str, row: dict[str, str]) -> Turn:
        paragraphs = split_paragraphs(text)
        begins = opening(Paragraph(paragraphs[0])) if paragraphs else None
        if begins:
            paragraphs[0] = paragraphs[0][begins.end :]
        affiliation = row.get("country_org") or (begins.affiliation if begins else "")
        presiding = row.get("participanttype") == "The President" or bool(begins and begins.presiding)
        return Turn(
            text="\n\n".join(filter(None, paragraphs)),
            speaker=row.get("speaker") or (begins.speaker if begins else ""),
            affiliation=affiliation,
            country=country_code(affiliation),
            presiding=presiding,
            language=begins.language if begins else "",
        )


def is_tar(path: Path) -> bool:
    """Whether a compressed file holds a tar; one that is cut off or damaged at its start does not."""
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, OSError, zlib.error):
        return False


def tar_speeches(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Stream the speech files of a tar: name and bytes; None for one over `MAX_SPEECH` bytes.

    Nothing is written to disk; links, devices and other files are passed over.

    Raises:
        InputError: the archive is damaged.
    """
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                name = PurePath(member.name).name
                if not member.isreg() or not is_speech_file(name):
                    continue
                if member.size > MAX_SPEECH:
                    yield name, None
                    continue
                stream = archive.extractfile(member)
                yield name, stream.read() if stream else None
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise InputError(str(path), expected="a tar archive", found=str(error), remedy="Download it again.") from None
