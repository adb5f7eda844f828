"""Messages read field by field from their bytes.

protobuf's own reader stops at a hundred levels of messages in messages, and what the analyzer says
of a long statement has more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


class Node(NamedTuple):
    """A message: what it is, and its bytes."""

    descriptor: Any
    data: memoryview

    def inner(self) -> Iterator[tuple[str, Node]]:
        """Give the name and the message of every field that holds a message."""
        known = self.descriptor.fields_by_number
        position, end = 0, len(self.data)
        while position < end:
            key, position = varint(self.data, position)
            kind = key & 7
            if kind == VARINT:
                _, position = varint(self.data, position)
            elif kind == LENGTH:
                size, position = varint(self.data, position)
                field = known.get(key >> 3)
                if field is not None and field.message_type is not None:
                    yield (
                        field.name,
                        Node(field.message_type, self.data[position : position + size]),
                    )
                position += size
            else:
                position += {FIXED64: 8, FIXED32: 4}[kind]

    def flag(self, name: str) -> bool:
        """Return a field that is true or false; false where it is not there."""
        number = self.descriptor.fields_by_name[name].number
        position, end = 0, len(self.data)
        found = False
        while position < end:
            key, position = varint(self.data, position)
            kind = key & 7
            if kind in (VARINT, LENGTH):
                value, position = varint(self.data, position)
                found = bool(value) if key >> 3 == number else found
                position += value if kind == LENGTH else 0
            else:
                position += {FIXED64: 8, FIXED32: 4}[kind]
        return found


def varint(data: memoryview, position: int) -> tuple[int, int]:
    """Return a number of variable length, and the position behind it."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def nodes(message: Node) -> Iterator[Node]:
    """Give a message and all messages in it."""
    waiting = [message]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [inner for _, inner in node.inner()]
