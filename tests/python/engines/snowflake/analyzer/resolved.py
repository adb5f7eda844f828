"""What an analysed statement says: its columns, and casts that Snowflake does not make."""

from __future__ import annotations

from typing import Any

from refusals import Refused

from analyzer.protocol import Protocol
from analyzer.wire import Node, nodes

NUMBERS = frozenset({"NUMERIC", "INT64", "INT32", "UINT64", "DOUBLE", "FLOAT", "BIGNUMERIC"})
TIMES = frozenset({"TIMESTAMP", "DATE", "DATETIME", "TIME"})
# TRY_CAST reads text and nothing else.
TRIED = frozenset({"STRING", "UNKNOWN"})


class Resolved:
    """The analyzer's answer to a statement."""

    def __init__(self, protocol: Protocol, answer: bytes) -> None:
        """answer: the bytes of an AnalyzeResponse."""
        self.protocol = protocol
        response = protocol.message("local_service.AnalyzeResponse").DESCRIPTOR
        self.casts: list[Node] = []
        self.query: Node | None = None
        for node in nodes(Node(response, memoryview(answer))):
            if node.descriptor.name == "ResolvedCastProto":
                self.casts.append(node)
            elif node.descriptor.name == "ResolvedQueryStmtProto" and self.query is None:
                self.query = node

    def refuse_casts(self) -> None:
        """Raise Refused where the statement casts, or is made to, what Snowflake does not."""
        for cast in self.casts:
            source = self.kind(dict(cast.inner())["expr"])
            target = self.kind(cast)
            if cast.flag("return_null_on_error") and source not in TRIED:
                raise Refused(f"Function TRY_CAST cannot be used with arguments of types {source}")
            if not can_become(source, target):
                raise Refused(f"Can not convert {source} to {target}")

    def columns(self) -> list[tuple[str, Any]]:
        """Return the name and TypeProto of every column of a query; none of other statements."""
        if self.query is None:
            return []
        column = self.protocol.message("ResolvedOutputColumnProto")
        found = [
            column.FromString(bytes(inner.data))
            for name, inner in self.query.inner()
            if name == "output_column_list"
        ]
        return [(output.name, output.column.type) for output in found]

    def kind(self, node: Node) -> str:
        """Return the name of an expression's type, however deep the message keeps it."""
        while True:
            inner = dict(node.inner())
            if "type" in inner:
                made = self.protocol.message("TypeProto").FromString(bytes(inner["type"].data))
                return self.protocol.kind_name(made.type_kind)
            if "parent" in inner:
                node = inner["parent"]
            else:
                (node,) = inner.values()


def can_become(source: str, target: str) -> bool:
    """Tell whether Snowflake converts one type to another."""
    pair = {source, target}
    return not (pair & TIMES and pair & (NUMBERS | {"BOOL"}))
