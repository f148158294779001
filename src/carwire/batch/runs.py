"""A file of VINs decoded into another, a part at a time, so that a run that was cut off goes on where it was.

Parts are kept in a folder beside the output until all are there: ``.OUT.parts``, with a ``plan.json`` that says what is
asked of which file, and for which moment. The same call finds them and goes on after the last whole part; another call
begins anew. The output takes its place at once, at the end, and is the same whether the run was cut off or not.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import ultravin

from carwire import __version__
from carwire.batch.arrow import Plan, TableDecoder
from carwire.batch.files import ENDINGS, Source, join, writing
from carwire.core.errors import FieldProblem, InvalidInput

PART: Final = 500_000  # rows: what an interruption costs at most
_DRAFT, _LOCK = "draft", "lock"
Advance = Callable[[int], None]  # told how many rows more are done


class Asked(msgspec.Struct, frozen=True):
    """What is asked of which file. Parts serve only a run that asks the same."""

    source: str
    bytes: int
    changed_ns: int
    part: int
    plan: Plan
    versions: tuple[str, str]


class Done(msgspec.Struct, frozen=True):
    """A run that came to its end: `kept` of the rows were there from an earlier one."""

    rows: int
    kept: int


def run(source: Path, out: Path, plan: Plan, *, part: int = PART, advance: Advance = lambda rows: None) -> Done:
    """Decode the VINs of `source` into `out`, CSV or Parquet by its ending.

    Raises `InvalidInput` when the one cannot be read or the other not written, or while another run writes it.
    """
    kind = out.suffix.lower()
    if kind not in ENDINGS:
        raise InvalidInput(FieldProblem("out", f"{out} must end in {' or '.join(ENDINGS)}"))
    if part < 1:
        raise InvalidInput(FieldProblem("part", "must be at least 1"))
    read = Source(source)
    if out.exists() and out.samefile(source):
        raise InvalidInput(FieldProblem("out", f"{out} is the file that is read"))
    plan = msgspec.structs.replace(plan, texts="plain" if kind == ".csv" else "dictionary")
    TableDecoder(read.schema, plan, str(source))  # what cannot be is refused before anything is written
    try:
        with _folder(out) as folder:
            asked = _agreed(folder, _asked(source, plan, part))
            return _run(read, out, folder, asked, advance)
    except OSError as error:
        raise InvalidInput(FieldProblem("out", f"{out} cannot be written: {error.strerror or error}")) from error


def _run(read: Source, out: Path, folder: Path, asked: Asked, advance: Advance) -> Done:
    kind = out.suffix.lower()
    decoder = TableDecoder(read.schema, asked.plan, asked.source)
    draft = folder / _DRAFT
    parts = sorted(folder.glob(f"*{kind}"))  # named by the row they end with
    rows = kept = int(parts[-1].stem) if parts else 0
    advance(kept)
    for _, batches in itertools.groupby(_numbered(read.batches(kept), asked.part), key=lambda pair: pair[0]):
        with writing(draft, decoder.schema, kind, header=not parts) as writer:
            for _, batch in batches:
                for made in decoder.decode(batch):
                    writer.write(made)
                rows += len(batch)
                advance(len(batch))
        parts.append(_keep(draft, folder / f"{rows:015d}{kind}"))
    decoder.forget()
    if len(parts) == 1:
        draft = parts[0]
    elif parts:
        join(parts, draft, decoder.schema, kind)
    else:
        with writing(draft, decoder.schema, kind):
            pass  # no rows, but columns
    _keep(draft, out)
    return Done(rows, kept)


def _numbered(batches: Iterator[pa.RecordBatch], part: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Cut batches where a part ends, each with the number of its part."""
    row = 0
    for batch in batches:
        start = 0
        while start < len(batch):
            piece = batch.slice(start, part - row % part)
            yield row // part, piece
            row += len(piece)
            start += len(piece)


def _keep(draft: Path, target: Path) -> Path:
    """Let a whole file take its place, where it survives the power going."""
    descriptor = os.open(draft, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return draft.replace(target)


def _asked(source: Path, plan: Plan, part: int) -> Asked:
    found = source.stat()
    data = ultravin.provenance()["artifact_blake3"]
    return Asked(str(source.resolve()), found.st_size, found.st_mtime_ns, part, plan, (__version__, data))


def _agreed(folder: Path, asked: Asked) -> Asked:
    """What the parts in the folder were made for, if it is what is asked but for the moment. Else they go."""
    note = folder / "plan.json"
    try:
        before = msgspec.json.decode(note.read_bytes(), type=Asked)
        same = msgspec.structs.replace(before, plan=msgspec.structs.replace(before.plan, now=asked.plan.now)) == asked
    except (FileNotFoundError, msgspec.MsgspecError):
        same = False
    if same:
        return before
    for part in folder.iterdir():
        if part.name != _LOCK:
            part.unlink()
    draft = folder / _DRAFT
    draft.write_bytes(msgspec.json.encode(asked))
    _keep(draft, note)
    return asked


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """The folder of the parts, for one run at a time; it goes once the run came to its end."""
    folder = out.with_name(f".{out.name}.parts")
    folder.mkdir(exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidInput(FieldProblem("out", f"{out} is being written by another run")) from None
        yield folder
        shutil.rmtree(folder)
