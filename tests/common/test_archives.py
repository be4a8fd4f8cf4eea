"""The guard for zip archives: hostile ones are refused whole, and no read goes beyond the limits."""

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.common.archives import Archive, Limits, is_archive, open_archive
from lms.common.guards import UnsafeInput


def packed(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in entries:
            file.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return buffer.getvalue()


def test_archive_reads_its_files() -> None:
    archive = open_archive(packed(("a/b.txt", b"one"), ("c.txt", b"two"), ("empty/", b"")))
    assert isinstance(archive, Archive)
    assert (list(archive), "a/b.txt" in archive, "x" in archive) == (["a/b.txt", "c.txt"], True, False)
    assert archive.read("a/b.txt") == b"one"
    with pytest.raises(KeyError):
        archive.read("x")


HOSTILE = [
    "../up", "a/../../up", "/abs", "a\\..\\b", "\\\\host\\share", "C:/x", "C:x", "~/x", "a//b", "./a", "a/./b", "..", "a/..",
    "con", "a/NUL.txt", "com1", "x" * 300, "/".join("a" * 25), "a\x07b", "a\u202egpj.exe", "ａ/．．/b", "a /b", " a",
    "a／..／b", "l" * 600,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_archive_with_a_hostile_name_is_refused(name: str) -> None:
    """UP-01."""
    with pytest.raises(UnsafeInput):
        open_archive(packed(("good.txt", b"x"), (name, b"x")))


def test_archive_with_a_nul_in_a_name_is_refused() -> None:
    """UP-01: zipfile cuts the name at the NUL; the name as written decides."""
    data = packed(("aXb.txt", b"x")).replace(b"aXb.txt", b"a\x00b.txt")
    with pytest.raises(UnsafeInput):
        open_archive(data)


@pytest.mark.parametrize("names", [("a.txt", "A.TXT"), ("ﬁ.txt", "fi.txt"), ("é", "e\u0301"), ("a", "a/")])
def test_archive_with_names_that_are_one_is_refused(names: tuple[str, str]) -> None:
    """UP-01: on some systems one would be the other."""
    with pytest.raises(UnsafeInput, match="Two entries"):
        open_archive(packed(*((name, b"") for name in names)))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_archive_with_links_and_special_files_is_refused(kind: int) -> None:
    """UP-02."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (kind | 0o777) << 16
        file.writestr(entry, b"/etc/passwd")
    with pytest.raises(UnsafeInput, match="link or a special file"):
        open_archive(buffer.getvalue())


def test_bomb_by_ratio_is_refused() -> None:
    """UP-03: 64 MB of noughts in 62 kB."""
    with pytest.raises(UnsafeInput, match="times its size"):
        open_archive(packed(("zeros", bytes(64_000_000))))


def test_bomb_by_size_and_by_number_is_refused() -> None:
    """UP-03."""
    with pytest.raises(UnsafeInput, match="unpacks to"):
        open_archive(packed(("a", b"x" * 600), ("b", b"x" * 600)), Limits(unpacked_bytes=1000))
    with pytest.raises(UnsafeInput, match="entries"):
        open_archive(packed(*((str(number), b"") for number in range(12))), Limits(files=10))
    with pytest.raises(UnsafeInput, match="at most"):
        open_archive(packed(("a", b"x")), Limits(packed_bytes=10))


def test_bomb_whose_header_lies_is_stopped_while_unpacking() -> None:
    """UP-03: the directory says 10 bytes, the data say more."""
    data = bytearray(packed(("a", b"x" * 5000)))
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = data.index(signature)
        data[place + offset : place + offset + 4] = struct.pack("<I", 10)
    archive = open_archive(bytes(data), Limits(unpacked_bytes=1000))
    with pytest.raises(UnsafeInput):
        archive.read("a")


def test_reads_together_stay_within_the_limit() -> None:
    archive = open_archive(packed(("a", b"x" * 600)), Limits(unpacked_bytes=1000))
    assert len(archive.read("a")) == 600
    with pytest.raises(UnsafeInput, match="unpacks to more"):
        archive.read("a")
    with pytest.raises(UnsafeInput, match="unpacks to more"):
        open_archive(packed(("a", b"x" * 600))).read("a", max_bytes=599)


def test_entries_that_overlap_are_refused() -> None:
    """UP-03: several names for one packed stream make much of little."""
    data = packed(("a", b"1234567890" * 40), ("b", b"1234567890" * 40), method=zipfile.ZIP_STORED)
    second = data.rindex(b"PK\x01\x02")
    forged = bytearray(data)
    forged[second + 20 : second + 24] = struct.pack("<I", 5000)
    with pytest.raises(UnsafeInput):
        open_archive(bytes(forged))


def test_encrypted_rare_and_broken_archives_are_refused() -> None:
    with pytest.raises(UnsafeInput, match="packed in a way"):
        open_archive(packed(("a", b"x"), method=zipfile.ZIP_LZMA))
    data = bytearray(packed(("a", b"x")))
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    with pytest.raises(UnsafeInput, match="encrypted"):
        open_archive(bytes(data))
    with pytest.raises(UnsafeInput, match="no zip archive"):
        open_archive(b"PK\x03\x04 and nothing")


def test_a_damaged_file_is_told() -> None:
    data = packed(("a", b"hello" * 100), method=zipfile.ZIP_STORED).replace(b"hellohello", b"hellOhello", 1)
    with pytest.raises(UnsafeInput, match="damaged"):
        open_archive(data).read("a")


def test_archives_are_told_by_their_first_bytes() -> None:
    assert is_archive(packed(("a", b"")))
    assert is_archive(packed())
    assert not is_archive(b"GIF89a PK\x03\x04")


NAMES = st.text(st.sampled_from("ab./\\:~ \x00\u202e．／é"), min_size=1, max_size=12)


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_no_name_that_is_let_in_leads_out(names: list[str]) -> None:
    """Whatever the names: refused, or harmless on any system."""
    try:
        with io.BytesIO() as buffer:
            with zipfile.ZipFile(buffer, "w") as file:
                for name in names:
                    file.writestr(zipfile.ZipInfo(name), b"")
            archive = open_archive(buffer.getvalue())
    except (UnsafeInput, ValueError, UserWarning):
        return
    for name in archive:
        assert not name.startswith(("/", "\\", "~"))
        assert "\\" not in name
        assert ":" not in name.split("/")[0]
        assert not {"", ".", ".."} & set(name.split("/"))
        assert name.isprintable()


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_are_refused_or_read_within_the_limits(noise: bytes, cut: int) -> None:
    data = packed(("a.txt", b"x" * 50), ("b.txt", b"y" * 50))
    for attempt in (noise, b"PK\x03\x04" + noise, data[:cut] + noise + data[cut:]):
        try:
            archive = open_archive(attempt, Limits(unpacked_bytes=1000))
            assert sum(len(archive.read(name)) for name in archive) <= 1000
        except UnsafeInput:
            continue
