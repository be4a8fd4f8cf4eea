"""QR codes for addresses (ISO/IEC 18004, byte mode, level M, mask 2), as segno draws them in a tenth of its time.

Certificates differ in a few bytes of an address. What is the same in each code of a version (its patterns, the order of
its modules, the table of its check bytes) is worked out once. segno draws the patterns, and whatever is not a plain
address of up to 106 bytes. The mask is fixed: equal bytes, and an eighth of the time of trying all.
"""

from dataclasses import dataclass
from functools import cache

import segno

LEVEL, MASK = "m", 2
# By version: blocks, data bytes and check bytes of each (table 9, level M, the versions whose blocks are all alike).
_BLOCKS = {1: (1, 16, 10), 2: (1, 28, 16), 3: (1, 44, 26), 4: (2, 32, 18), 5: (2, 43, 24), 6: (4, 27, 16)}
_HEAD = 12  # bits: mode and length


def qr_rows(text: str) -> list[bytes]:
    """The code row by row, a byte for each module: 1 is dark. Without a quiet zone."""
    version = _version(text)
    if version is None:
        drawn = segno.make(text, error=LEVEL, mask=MASK, micro=False, boost_error=False)
        return [bytes(row) for row in drawn.matrix]
    form = _form(version)
    bits = int.from_bytes(_codewords(text.encode(), version), "big") << form.remainder
    modules = bytearray(form.patterns)
    for place, bit in zip(form.order, f"{bits ^ form.mask:0{len(form.order)}b}", strict=True):
        modules[place] = bit == "1"
    return [bytes(modules[start : start + form.size]) for start in range(0, len(modules), form.size)]


def _version(text: str) -> int | None:
    """The smallest version that holds it; None for what segno would write in another mode, or more than fits."""
    if not text.isascii() or text.upper() == text:
        return None
    fits = (version for version, (blocks, data, _) in _BLOCKS.items() if 8 * len(text) + _HEAD <= 8 * blocks * data)
    return next(fits, None)


@dataclass(frozen=True, kw_only=True)
class _Form:
    """What all codes of a version share: modules with their patterns, the places of data in order, the mask of it."""

    size: int
    patterns: bytes
    order: tuple[int, ...]
    mask: int
    remainder: int


@cache
def _form(version: int) -> _Form:
    size = 17 + 4 * version
    sample = segno.make("sample", version=version, error=LEVEL, mask=MASK, micro=False, boost_error=False, mode="byte")
    order = tuple(_order(version, size))
    blocks, data, check = _BLOCKS[version]
    return _Form(
        size=size,
        patterns=b"".join(bytes(row) for row in sample.matrix),
        order=order,
        mask=int("".join("10"[bool(place % size % 3)] for place in order), 2),  # mask 2: column mod 3 = 0
        remainder=len(order) - 8 * blocks * (data + check),
    )


def _order(version: int, size: int) -> list[int]:
    """Where data goes (7.7.3): in columns of two, up and down in turn, from the right, around the patterns."""
    found = []
    columns = [column - (column <= 6) for column in range(size - 1, 0, -2)]
    for number, right in enumerate(columns):
        rows = range(size) if number % 2 else range(size - 1, -1, -1)
        found += [
            row * size + column
            for row in rows
            for column in (right, right - 1)
            if not _is_pattern(version, size, row, column)
        ]
    return found


def _is_pattern(version: int, size: int, row: int, column: int) -> bool:
    """Finders with format information, timing, and the one alignment pattern of versions 2 to 6."""
    in_finder = (row < 9 and (column < 9 or column >= size - 8)) or (row >= size - 8 and column < 9)
    in_alignment = version > 1 and size - 9 <= row < size - 4 and size - 9 <= column < size - 4
    return in_finder or row == 6 or column == 6 or in_alignment


def _codewords(content: bytes, version: int) -> bytes:
    """Data with its check bytes, both block by block in turn (7.4 to 7.6)."""
    blocks, each, check = _BLOCKS[version]
    room = blocks * each
    bits = (0b0100 << 8 | len(content)) << 8 * len(content) | int.from_bytes(content, "big")
    data = (bits << 4).to_bytes(len(content) + 2, "big")  # the terminator ends its last byte
    # After it segno writes a byte of zeros before the padding, which readers pass over; so do we: equal files.
    padding = b"\0" + bytes((0xEC, 0x11)[number % 2] for number in range(room))
    data = (data + padding)[:room]
    parts = [data[start : start + each] for start in range(0, room, each)]
    checks = [_check_bytes(part, check) for part in parts]
    return bytes(one[index] for index in range(each) for one in parts) + bytes(
        one[index] for index in range(check) for one in checks
    )


def _check_bytes(data: bytes, count: int) -> bytes:
    """The remainder of a Reed-Solomon division over GF(256), a byte at a time."""
    multiples, keep = _multiples(count), (1 << 8 * (count - 1)) - 1
    rest = 0
    for byte in data:
        rest = ((rest & keep) << 8) ^ multiples[(rest >> 8 * (count - 1)) ^ byte]
    return rest.to_bytes(count, "big")


@cache
def _multiples(count: int) -> tuple[int, ...]:
    """The generator polynomial with `count` roots (annex A) times each byte, its leading term left out."""
    generator = [1]
    root = 1
    for _ in range(count):
        shifted = [*generator, 0]
        generator = [high ^ _times(low, root) for high, low in zip(shifted, [0, *generator], strict=True)]
        root = _times(root, 2)
    return tuple(int.from_bytes(bytes(_times(part, byte) for part in generator[1:]), "big") for byte in range(256))


def _times(left: int, right: int) -> int:
    """In GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    while right:
        if right & 1:
            product ^= left
        left = left << 1 ^ (0x11D if left & 0x80 else 0)
        right >>= 1
    return product
