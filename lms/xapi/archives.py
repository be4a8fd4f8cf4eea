"""The files of an archive: one month of statements, its manifest, and the attachments that came with them.

    2026-03-1.statements.ndjson.gz   a statement a line, as stored: any record store reads it
    2026-03-1.rows.ndjson.gz         line by line what the store knows beside it: authority, digest, voiding, files
    2026-03-1.manifest.json          number, sizes and SHA-256 of both; the authorities
    attachments/<sha2>               bytes, named by their digest

The manifest is written last: files without one are of an archive that was never finished, and mean nothing.
"""

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from uuid import UUID

import msgspec

from lms.xapi.errors import BrokenArchive

FORMAT = "laurel-statements-1"
_CHUNK = 1 << 20


class Row(msgspec.Struct, kw_only=True):
    """What the store knows of a statement beside its text."""

    authority: str
    digest: str
    voided_by: UUID | None = None
    attachments: list[str] = []


class Line(NamedTuple):
    """One statement of an archive: the text as stored, and its row."""

    body: str
    row: Row


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an archive holds. `files` has the SHA-256 of each file, by name; `attachments` are named by theirs."""

    name: str
    month: str
    statements: int
    files: Mapping[str, str]
    attachments: tuple[str, ...]
    authorities: Mapping[str, Mapping[str, Any]]
    format: str = FORMAT

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Raises BrokenArchive, OSError."""
        try:
            value = json.loads(path.read_bytes())
            manifest = cls(**{**value, "attachments": tuple(value["attachments"])})
        except (ValueError, TypeError, KeyError) as error:
            raise BrokenArchive(f"{path} is not the manifest of an archive.") from error
        if manifest.format != FORMAT or set(manifest.files) != set(files_of(manifest.name)):
            raise BrokenArchive(f"{path} is not the manifest of an archive that this version reads.")
        return manifest


def statements_of(name: str) -> str:
    return f"{name}.statements.ndjson.gz"


def rows_of(name: str) -> str:
    return f"{name}.rows.ndjson.gz"


def files_of(name: str) -> tuple[str, str]:
    return statements_of(name), rows_of(name)


def manifest_of(name: str) -> str:
    return f"{name}.manifest.json"


def free_name(folder: Path, month: str) -> str:
    """The next name of an archive of this month. What was written before is never written over."""
    number = 1
    while (folder / manifest_of(f"{month}-{number}")).exists():
        number += 1
    return f"{month}-{number}"


def write_lines(folder: Path, name: str, lines: Iterable[Line]) -> int:
    """Both files, as the lines come. Returns how many."""
    encode, count = msgspec.json.encode, 0
    # Without name and time inside, equal statements make equal files.
    with (
        (folder / statements_of(name)).open("wb") as first,
        (folder / rows_of(name)).open("wb") as second,
        gzip.GzipFile("", "wb", fileobj=first, mtime=0) as statements,
        gzip.GzipFile("", "wb", fileobj=second, mtime=0) as rows,
    ):
        for body, row in lines:
            # A line break can only stand between members: inside of a string JSON escapes it.
            statements.write(body.replace("\n", " ").replace("\r", " ").encode() + b"\n")
            rows.write(encode(row) + b"\n")
            count += 1
    return count


def read_lines(folder: Path, name: str) -> Iterator[Line]:
    """The statements of an archive, in stored order. Raises BrokenArchive."""
    decode = msgspec.json.Decoder(Row).decode
    try:
        with gzip.open(folder / statements_of(name)) as statements, gzip.open(folder / rows_of(name)) as rows:
            for body, row in zip(statements, rows, strict=True):
                yield Line(body.rstrip(b"\n").decode(), decode(row))
    except (EOFError, ValueError, msgspec.MsgspecError, gzip.BadGzipFile) as error:
        raise BrokenArchive(f"{name} cannot be read to its end.") from error


def in_chunks(lines: Iterator[Line], size: int) -> Iterator[list[Line]]:
    """So many lines at a time."""
    while chunk := list(islice(lines, size)):
        yield chunk


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Written beside and moved to its place: it is there whole or not at all."""
    path = folder / manifest_of(manifest.name)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(manifest), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def keep_attachment(folder: Path, sha2: str, content: BinaryIO) -> None:
    """Copies an attachment into the archive, once."""
    path = folder / "attachments" / sha2
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as copy:
        shutil.copyfileobj(content, copy, _CHUNK)
    part.replace(path)


def verify(folder: Path, manifest: Manifest) -> None:
    """Reads everything back: each file has its digest, each line its row, each attachment its bytes.

    Raises BrokenArchive, OSError.
    """
    for name, digest in manifest.files.items():
        if sha256_of(folder / name) != digest:
            raise BrokenArchive(f"{name} is not the file that the manifest speaks of.")
    if sum(1 for _ in read_lines(folder, manifest.name)) != manifest.statements:
        raise BrokenArchive(f"{manifest.name} has not the {manifest.statements} statements of its manifest.")
    for sha2 in manifest.attachments:
        if sha2_of(folder / "attachments" / sha2, len(sha2)) != sha2:
            raise BrokenArchive(f"The attachment {sha2} is not what its name says.")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha2_of(path: Path, length: int) -> str:
    """The SHA-2 of as many hexadecimal digits: xAPI leaves it open which of the family is used."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, f"sha{length * 4}").hexdigest()
