"""FarmHash's Fingerprint64, which BigQuery calls FARM_FINGERPRINT; a hash for ever the same."""

from __future__ import annotations

K0 = 0xC3A5C85C97CB3127
K1 = 0xB492B66FBE98F273
K2 = 0x9AE16A3B2F90404F
MASK = (1 << 64) - 1


def farm_fingerprint(text: str) -> int:
    """Return the fingerprint of a text's UTF-8 bytes as a signed 64-bit number."""
    unsigned = fingerprint(text.encode())
    return unsigned - (1 << 64) if unsigned >> 63 else unsigned


def fingerprint(data: bytes) -> int:
    """Return the fingerprint of bytes as an unsigned number."""
    if len(data) <= 16:
        return up_to_16(data)
    if len(data) <= 32:
        return up_to_32(data)
    return up_to_64(data) if len(data) <= 64 else longer(data)


def word(data: bytes, start: int, size: int = 8) -> int:
    """Return a little-endian word of `size` bytes; a start below zero counts from the end."""
    begin = start if start >= 0 else len(data) + start
    return int.from_bytes(data[begin : begin + size], "little")


def rotated(value: int, bits: int) -> int:
    """Rotate 64 bits to the right."""
    return ((value >> bits) | (value << (64 - bits))) & MASK


def shift_mixed(value: int) -> int:
    """Mix the high bits of a word into its low ones."""
    return (value ^ (value >> 47)) & MASK


def mixed(first: int, second: int, multiplier: int) -> int:
    """Mix two words into one."""
    a = ((first ^ second) * multiplier) & MASK
    b = ((second ^ shift_mixed(a)) * multiplier) & MASK
    return (shift_mixed(b) * multiplier) & MASK


def up_to_16(data: bytes) -> int:
    """Fingerprint of at most 16 bytes."""
    size = len(data)
    multiplier = (K2 + size * 2) & MASK
    if size >= 8:
        a = (word(data, 0) + K2) & MASK
        b = word(data, -8)
        c = (rotated(b, 37) * multiplier + a) & MASK
        d = ((rotated(a, 25) + b) * multiplier) & MASK
        return mixed(c, d, multiplier)
    if size >= 4:
        a = word(data, 0, 4)
        return mixed((size + (a << 3)) & MASK, word(data, -4, 4), multiplier)
    if size > 0:
        y = data[0] + (data[size >> 1] << 8)
        z = size + (data[size - 1] << 2)
        return (shift_mixed((y * K2 & MASK) ^ (z * K0 & MASK)) * K2) & MASK
    return K2


def up_to_32(data: bytes) -> int:
    """Fingerprint of 17 to 32 bytes."""
    multiplier = (K2 + len(data) * 2) & MASK
    a = (word(data, 0) * K1) & MASK
    b = word(data, 8)
    c = (word(data, -8) * multiplier) & MASK
    d = (word(data, -16) * K2) & MASK
    first = (rotated((a + b) & MASK, 43) + rotated(c, 30) + d) & MASK
    second = (a + rotated((b + K2) & MASK, 18) + c) & MASK
    return mixed(first, second, multiplier)


def up_to_64(data: bytes) -> int:
    """Fingerprint of 33 to 64 bytes."""
    multiplier = (K2 + len(data) * 2) & MASK
    a = (word(data, 0) * K2) & MASK
    b = word(data, 8)
    c = (word(data, -8) * multiplier) & MASK
    d = (word(data, -16) * K2) & MASK
    y = (rotated((a + b) & MASK, 43) + rotated(c, 30) + d) & MASK
    z = mixed(y, (a + rotated((b + K2) & MASK, 18) + c) & MASK, multiplier)
    e = (word(data, 16) * multiplier) & MASK
    f = word(data, 24)
    g = ((y + word(data, -32)) * multiplier) & MASK
    h = ((z + word(data, -24)) * multiplier) & MASK
    first = (rotated((e + f) & MASK, 43) + rotated(g, 30) + h) & MASK
    second = (e + rotated((f + a) & MASK, 18) + g) & MASK
    return mixed(first, second, multiplier)


def weak_pair(data: bytes, start: int, a: int, b: int) -> tuple[int, int]:
    """Hash 32 bytes from `start` into two words."""
    w, x, y, z = (word(data, start + 8 * number) for number in range(4))
    a = (a + w) & MASK
    b = rotated((b + a + z) & MASK, 21)
    c = a
    a = (a + x + y) & MASK
    b = (b + rotated(a, 44)) & MASK
    return (a + z) & MASK, (b + c) & MASK


def longer(data: bytes) -> int:
    """Fingerprint of more than 64 bytes, taken 64 at a time."""
    x = 81
    y = (81 * K1 + 113) & MASK
    z = (shift_mixed((y * K2 + 113) & MASK) * K2) & MASK
    v = w = (0, 0)
    x = (x * K2 + word(data, 0)) & MASK
    end = (len(data) - 1) // 64 * 64
    last = end + ((len(data) - 1) & 63) - 63
    for start in range(0, end, 64):
        x = (rotated((x + y + v[0] + word(data, start + 8)) & MASK, 37) * K1) & MASK
        y = (rotated((y + v[1] + word(data, start + 48)) & MASK, 42) * K1) & MASK
        x ^= w[1]
        y = (y + v[0] + word(data, start + 40)) & MASK
        z = (rotated((z + w[0]) & MASK, 33) * K1) & MASK
        v = weak_pair(data, start, (v[1] * K1) & MASK, (x + w[0]) & MASK)
        w = weak_pair(data, start + 32, (z + w[1]) & MASK, (y + word(data, start + 16)) & MASK)
        x, z = z, x
    multiplier = (K1 + ((z & 0xFF) << 1)) & MASK
    w = ((w[0] + ((len(data) - 1) & 63)) & MASK, w[1])
    v = ((v[0] + w[0]) & MASK, v[1])
    w = ((w[0] + v[0]) & MASK, w[1])
    x = (rotated((x + y + v[0] + word(data, last + 8)) & MASK, 37) * multiplier) & MASK
    y = (rotated((y + v[1] + word(data, last + 48)) & MASK, 42) * multiplier) & MASK
    x ^= (w[1] * 9) & MASK
    y = (y + v[0] * 9 + word(data, last + 40)) & MASK
    z = (rotated((z + w[0]) & MASK, 33) * multiplier) & MASK
    v = weak_pair(data, last, (v[1] * multiplier) & MASK, (x + w[0]) & MASK)
    w = weak_pair(data, last + 32, (z + w[1]) & MASK, (y + word(data, last + 16)) & MASK)
    x, z = z, x
    first = (mixed(v[0], w[0], multiplier) + (shift_mixed(y) * K0) + z) & MASK
    return mixed(first, (mixed(v[1], w[1], multiplier) + x) & MASK, multiplier)
