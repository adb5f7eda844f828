"""Byte-level reading of a CSV file: what DuckDB does not judge, and where exactly a fault is.

Lines are counted from 1, as editors do. No function here returns a value of the file.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 4 * 1024 * 1024
MAX_LINE_BYTES = 16 * 1024 * 1024
# A block lost by a file system shows as a run of zeros; a single NUL is a fault of its row.
NUL_RUN = b"\x00" * 64
UTF8_BOM = codecs.BOM_UTF8
BINARY_STARTS = {
    b"\x1f\x8b": "is compressed with gzip; unpack it",
    b"PK\x03\x04": "is a ZIP or Excel file; unpack it or save it as CSV",
    b"\x28\xb5\x2f\xfd": "is compressed with zstandard; unpack it",
    b"BZh": "is compressed with bzip2; unpack it",
    b"PAR1": "is a Parquet file; name it *.parquet",
}


@dataclass(frozen=True)
class Fault:
    """A reason to refuse a file, without the file's name."""

    reason: str
    line: int | None = None


@dataclass
class LineEnds:
    """How often each kind of line end occurs, quoted ones included."""

    crlf: int = 0
    lf: int = 0
    cr: int = 0

    @property
    def may_be_mixed(self) -> bool:
        """More than one kind occurs; some may be inside quotes, which is fine."""
        return sum(1 for count in (self.crlf, self.lf, self.cr) if count) > 1


def chunks_of(path: Path) -> Iterator[bytes]:
    """Return the bytes of a file in chunks that never part a carriage return from its line feed."""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            if chunk.endswith(b"\r"):
                chunk += stream.read(1)
            yield chunk


def wide_encoding(start: bytes) -> str | None:
    """UTF-16 or UTF-32, by byte-order mark or by the zeros beside Latin letters; else None."""
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "UTF-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    # Without a mark: every other byte of ASCII text in UTF-16 is zero.
    if start and start.count(0) * 4 > len(start) and NUL_RUN not in start:
        return "UTF-16 or UTF-32"
    return None


def likely_legacy_encoding(around: bytes) -> str:
    """Return a guess at what a file that is not UTF-8 was written in."""
    # 0x80 to 0x9f are control characters in Latin-1 and punctuation in Windows-1252.
    if any(0x80 <= byte <= 0x9F for byte in around):
        return "Windows-1252"
    return "Latin-1 (ISO 8859-1)"


def scan_bytes(path: Path) -> tuple[Fault | None, LineEnds]:
    """Judge the encoding of a file in one pass, and count its line ends."""
    ends = LineEnds()
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, offset, tail = 0, 0, b""
    for chunk in chunks_of(path):
        if offset == 0:
            for magic, what in BINARY_STARTS.items():
                if chunk.startswith(magic):
                    return Fault(f"{what}"), ends
            wide = wide_encoding(chunk[:4096])
            if wide:
                return Fault(f"is written in {wide}, not in UTF-8; save it as UTF-8", 1), ends
        place = (tail + chunk).find(NUL_RUN)
        if place >= 0:
            line = lines + chunk[: max(0, place - len(tail))].count(b"\n") + 1
            return Fault("holds a run of NUL bytes and is damaged; export it again", line), ends
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            return undecodable(error, chunk, lines, offset), ends
        crlf = chunk.count(b"\r\n")
        ends.crlf += crlf
        ends.lf += chunk.count(b"\n") - crlf
        ends.cr += chunk.count(b"\r") - crlf
        lines += chunk.count(b"\n")
        offset += len(chunk)
        tail = chunk[-len(NUL_RUN) :]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return Fault("ends in the middle of a character and seems cut off; get it again"), ends
    return None, ends


def undecodable(error: UnicodeDecodeError, chunk: bytes, lines: int, offset: int) -> Fault:
    """Return the fault of a chunk, after `lines` lines and `offset` bytes, that is not UTF-8."""
    # The decoder may hold the start of a character from the chunk before.
    carried = len(error.object) - len(chunk)
    place = max(0, error.start - carried)
    line = lines + chunk[:place].count(b"\n") + 1
    likely = likely_legacy_encoding(chunk[place : place + CHUNK_BYTES])
    return Fault(
        f"is not UTF-8 (byte {offset + place + 1}), probably {likely}; save it as UTF-8", line
    )


def read_header(path: Path, delimiter: str) -> list[str] | None:
    """Return the column names of a CSV file, trimmed; None for a file without content.

    An unnamed column gets a name by its place. Bytes that are not UTF-8 are replaced: the
    encoding is judged elsewhere.
    """
    with path.open("rb") as stream:
        first = stream.readline(MAX_LINE_BYTES)
    first = first.removeprefix(UTF8_BOM)
    if not first:
        return None
    text = first.decode("utf-8", errors="replace").splitlines()[0]
    # A field of the csv module has a limit of 128 KiB: no header of any use is that long.
    try:
        names = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []
    return [name.strip() or f"column{place}" for place, name in enumerate(names)]


@dataclass
class RecordState:
    """Where the scan of a record stands."""

    fields: int = 1
    in_quotes: bool = False
    at_field_start: bool = True
    junk_after_quote: bool = False


def feed(state: RecordState, line: bytes, delimiter: int) -> None:
    """Take one line, without its end, into the record it belongs to."""
    if not state.in_quotes and b'"' not in line:
        state.fields += line.count(delimiter)
        state.at_field_start = line.endswith(bytes([delimiter])) or (
            state.at_field_start and not line
        )
        return
    place, length = 0, len(line)
    while place < length:
        if state.in_quotes:
            close = line.find(b'"', place)
            if close < 0:
                return
            if line[close + 1 : close + 2] == b'"':
                place = close + 2
                continue
            state.in_quotes = False
            state.at_field_start = False
            place = close + 1
            if place < length and line[place] != delimiter:
                state.junk_after_quote = True
                return
            continue
        if state.at_field_start and line[place] == ord('"'):
            state.in_quotes = True
            place += 1
            continue
        after = line.find(bytes([delimiter]), place)
        if after < 0:
            state.at_field_start = False
            return
        state.fields += 1
        state.at_field_start = True
        place = after + 1


def count_fault(found: int, expected: int, number: int, is_last_cut: bool) -> Fault:
    """Return the fault of a record with too few or too many columns."""
    columns = (
        f"{found} of {expected} columns"
        if found < expected
        else (f"{found} columns where the header has {expected}")
    )
    if is_last_cut and found < expected:
        return Fault(f"is cut off: its last row has {columns}; get the file again", number)
    return Fault(f"has a row with {columns}; correct the row or get the file again", number)


def locate_fault(path: Path, delimiter: str) -> Fault | None:
    """Find the first row that cannot be read, slowly but exactly; None when there is none."""
    delimiter_byte = ord(delimiter)
    expected: int | None = None
    state = RecordState()
    first_end: bytes | None = None
    number, record_line, record_bytes = 0, 1, 0
    with path.open("rb") as stream:
        while raw := stream.readline(MAX_LINE_BYTES):
            number += 1
            if number == 1:
                raw = raw.removeprefix(UTF8_BOM)
            if len(raw) >= MAX_LINE_BYTES:
                return Fault("has a line of more than 16 MB; correct the line", number)
            end = b"\r\n" if raw.endswith(b"\r\n") else b"\n" if raw.endswith(b"\n") else b""
            line = raw[: len(raw) - len(end)]
            if not state.in_quotes:
                state, record_line, record_bytes = RecordState(), number, 0
            record_bytes += len(raw)
            feed(state, line, delimiter_byte)
            if state.junk_after_quote:
                return Fault(
                    "has text after a closing quote; correct the row's quotes", record_line
                )
            if state.in_quotes:
                continue
            if record_bytes >= MAX_LINE_BYTES:
                return Fault("has a row of more than 16 MB; correct the row", record_line)
            if end and first_end is None:
                first_end = end
            lone_return = b"\r" in line and record_line == number and b'"' not in line
            if lone_return or (end and end != first_end):
                return Fault(
                    "has mixed line ends; save it with one kind of line end throughout", number
                )
            if expected is None:
                expected = state.fields
            elif (line or record_line != number) and state.fields != expected:
                return count_fault(state.fields, expected, record_line, not end)
    if state.in_quotes:
        return Fault(
            "has a quote that is never closed, or is cut off; close the quote or get the file "
            "again",
            record_line,
        )
    return None
