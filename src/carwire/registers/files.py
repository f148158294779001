"""Files of registers: unpacked, decoded and cut into rows while they are read, whatever their size.

What a file is packed in is told by its first bytes. A file that ends in the middle is told apart from one that ends:
nothing of it is used.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final
from xml.etree import ElementTree

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.lookup.formats import Format

_BLOCK: Final = 1 << 20
_SNIFFED: Final = 1 << 18
_LONGEST_FIELD: Final = 1 << 20
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DAMAGED: Final = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


class Cut(InvalidInput):
    """The file ends in the middle."""


class Broken(msgspec.Struct, frozen=True):
    """A row that is none: its quotes, or its characters, cannot be read."""

    reason: str


Line = tuple[int, list[str] | Broken]


class RowFile(msgspec.Struct, frozen=True):
    """A file while it is read: its header, its rows with their line numbers, and how far it is read, in bytes."""

    header: list[str]
    rows: Iterator[Line]
    position: Callable[[], int]
    size: int


def checksum_of(path: Path) -> str:
    """Return the SHA-256 of a file as it lies there. Raises `InvalidInput` when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise InvalidInput(FieldProblem("file", f"{path} cannot be read: {error.strerror}")) from error
    return digest.hexdigest()


@contextlib.contextmanager
def open_rows(path: Path, form: Format) -> Iterator[RowFile]:
    """Open a file of rows. Raises `InvalidInput` for what is none, and `Cut` while it is read, where it ends early."""
    try:
        with path.open("rb") as raw, _unpacked(raw, path) as file:
            size = path.stat().st_size
            if form.kind == "xml":
                names = [*form.needs, *(name for name in sorted(form.columns()) if name not in form.needs)]
                yield RowFile(names, _xml_rows(file, form, names, path), raw.tell, size)
                return
            text = _decoded(file, form, path)
            header, rows = _csv_rows(text, form, path)
            yield RowFile(header, rows, raw.tell, size)
    except _DAMAGED as error:
        raise _cut(path, error) from error


@contextlib.contextmanager
def _unpacked(raw: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    start = raw.read(8)
    raw.seek(0)
    if start.startswith(b"\x1f\x8b"):
        yield io.BufferedReader(gzip.GzipFile(fileobj=raw), _BLOCK)
    elif start.startswith(b"\xfd7zXZ\x00"):
        with lzma.LZMAFile(raw) as unpacked:
            yield io.BufferedReader(unpacked, _BLOCK)
    elif start.startswith(b"\x28\xb5\x2f\xfd"):
        yield _zstd(raw)
    elif start.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(raw) as archive, archive.open(_member(archive, path)) as member:
            yield member
    else:
        yield raw


def _zstd(raw: IO[bytes]) -> IO[bytes]:
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra
    except ImportError:
        raise InvalidInput(FieldProblem("file", "zst needs the extra: pip install 'carwire[parquet]'")) from None
    stream: IO[bytes] = io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"), _BLOCK)
    return stream


def _member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    """Return the file of an archive that holds the rows: the largest that can."""
    found = [each for each in archive.infolist() if each.filename.lower().endswith((".csv", ".txt", ".xml", ".tsv"))]
    if not found:
        raise InvalidInput(FieldProblem("file", f"{path.name} holds no .csv, .txt, .tsv or .xml file"))
    return max(found, key=lambda each: each.file_size)


def _decoded(file: IO[bytes], form: Format, path: Path) -> io.TextIOWrapper:
    """Return the text of a file. Bytes that are none in its encoding stay visible as such, row by row."""
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file, _BLOCK)  # type: ignore[type-var]
    start = buffered.peek(_SNIFFED)[:_SNIFFED]
    encoding = next((name for bom, name in _BOMS if start.startswith(bom)), None) or _encoding(start, form.encodings)
    if not start.strip():
        raise InvalidInput(FieldProblem("file", f"{path.name} is empty"))
    return io.TextIOWrapper(buffered, encoding, errors="surrogateescape", newline="")


def _encoding(start: bytes, encodings: Sequence[str]) -> str:
    whole = start[: start.rfind(b"\n") + 1] or start
    for encoding in encodings:
        try:
            whole.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return encodings[0]


def _csv_rows(text: io.TextIOWrapper, form: Format, path: Path) -> tuple[list[str], Iterator[Line]]:
    csv.field_size_limit(_LONGEST_FIELD)
    first = text.readline()
    separator = form.separator if form.separator and form.separator in first else max(",;|\t", key=first.count)
    lines = _Lines(chain((first,) if first else (), text))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error:
        raise InvalidInput(FieldProblem("file", f"{path.name} begins with no line of headings")) from None
    return header, _lines(reader, lines, len(header), path)


class _Lines:
    """Lines of a text, of which the last one is kept."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = text
        self.last = "\n"

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self.last = line
            yield line


def _lines(reader: Any, lines: _Lines, width: int, path: Path) -> Iterator[Line]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise _cut(path, error) from error
            yield reader.line_num, Broken(f"cannot be read: {error}")
            continue
        if not row:
            continue
        if len(row) < width and not lines.last.endswith(("\n", "\r")):
            raise _cut(path, None)
        yield reader.line_num, row


def _xml_rows(file: IO[bytes], form: Format, names: Sequence[str], path: Path) -> Iterator[Line]:
    """Yield one row for each record. Of an element that comes twice the first counts: the outer one."""
    places = {name: index for index, name in enumerate(names)}
    number, root = 0, None
    try:
        for event, element in ElementTree.iterparse(file, ("start", "end")):  # noqa: S314  # expat bounds entities
            if root is None:
                root = element
            if event == "end" and _local(element.tag) == form.record:
                number += 1
                yield number, _record(element, places)
                root.clear()
    except ElementTree.ParseError as error:
        if number and "no element found" not in str(error) and "unclosed token" not in str(error):
            raise InvalidInput(FieldProblem("file", f"{path.name} is no XML after record {number}: {error}")) from error
        raise _cut(path, error) from error


def _record(element: ElementTree.Element, places: dict[str, int]) -> list[str]:
    row = [""] * len(places)
    for inner in element.iter():
        place = places.get(_local(inner.tag))
        if place is not None and not row[place] and inner.text:
            row[place] = inner.text.strip()
    return row


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _cut(path: Path, error: Exception | None) -> Cut:
    said = f" ({str(error)[:100]})" if error is not None and str(error) else ""
    return Cut(FieldProblem("file", f"{path.name} ends in the middle{said}: nothing of it is used. Fetch it again."))
