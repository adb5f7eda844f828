"""An interpreter of BigQuery's procedural statements, over the analyzer's syntax tree.

Variables keep their values as SQL: statements are judged with types and run with values.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crucible.dialects.bigquery import types
from crucible.engine import CrucibleError, CrucibleUnsupportedError, ErrorKind, Result
from schema import analyzer_type
from sql_text import Statement, tokens_of
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

MAX_STEPS = 10_000
NAMES = (TokenType.VAR, TokenType.IDENTIFIER)

# Runs a statement: its text, the types of variables it may name, the text with their values.
Run = Callable[[Statement, dict[str, Any], str], Result]


@dataclass
class Variable:
    """A variable: its type and its value as SQL."""

    kind: exp.DataType
    value: str


class Left(Exception):
    """BREAK or LEAVE."""


class Continued(Exception):
    """CONTINUE or ITERATE."""


class Script:
    """One script with its variables."""

    def __init__(self, sql: str, run: Run) -> None:
        self.source = sql.encode()
        self.run = run
        self.variables: dict[str, Variable] = {}
        self.steps = 0
        self.done: list[Result] = []

    def results(self, tree: Any) -> list[Result]:
        """Run the script; return the results of its statements, at least one."""
        self.block(tree.statement_list_node)
        return self.done or [Result("SCRIPT")]

    def block(self, statements: Any) -> None:
        """Run a list of statements."""
        nodes = [core(wrapped) for wrapped in statements.statement_list]
        is_late = False
        for node in nodes:
            is_declaration = node.DESCRIPTOR.name == "ASTVariableDeclarationProto"
            if is_declaration and is_late:
                message = "Variable declarations are allowed only at the start of a block or script"
                raise CrucibleError(ErrorKind.INVALID_QUERY, message)
            is_late = is_late or not is_declaration
        for node in nodes:
            self.step(node)

    def step(self, node: Any) -> None:
        """Run one statement of any kind."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise CrucibleUnsupportedError(f"a script of more than {MAX_STEPS} steps")
        handler = HANDLERS.get(node.DESCRIPTOR.name)
        if handler is not None:
            handler(self, node)
        elif node.DESCRIPTOR.name in PROCEDURAL:
            raise CrucibleUnsupportedError(f"script statement {node.DESCRIPTOR.name}")
        else:
            self.done.append(self.sql(self.text(node)))

    def sql(self, text: str) -> Result:
        """Run a statement that is no procedural one."""
        words = tuple(token.text.upper() for token in tokens_of(text)[:3])
        kinds = {
            name: analyzer_type(variable.kind)
            for name, variable in self.variables.items()
            if "." not in name
        }
        if len(kinds) < len(self.variables):
            # A record's fields are no names of their own: they are judged with their values.
            text = self.with_values(text, "fields")
        return self.run(Statement(text, words), kinds, self.with_values(text))

    def text(self, node: Any) -> str:
        """Return the text of a node; places are counted in bytes."""
        place = location(node)
        return self.source[place.start : place.end].decode()

    def with_values(self, text: str, which: str = "all") -> str:
        """Return a statement with the values of variables in their places.

        which: all, or fields for those of records alone.
        """
        tokens = tokens_of(text)
        parts: list[str] = []
        done = 0
        for place, token in enumerate(tokens):
            before = tokens[place - 1].text.upper() if place else ""
            if token.start < done or token.token_type not in NAMES or before in (".", "AS"):
                continue
            end = token.end
            variable = self.variables.get(token.text.lower()) if which == "all" else None
            if [after.text for after in tokens[place + 1 : place + 2]] == ["."] and tokens[
                place + 2 :
            ]:
                field = tokens[place + 2]
                variable = self.variables.get(f"{token.text}.{field.text}".lower())
                end = field.end
            if variable:
                parts += [text[done : token.start], variable.value]
                done = end + 1
        return "".join([*parts, text[done:]])

    def value(self, expression: str, kind: exp.DataType | None = None) -> Variable:
        """Work an expression out; its type is the given one, else its own."""
        wanted = f"cast(({expression}) as {kind.sql('bigquery')})" if kind else f"({expression})"
        result = self.sql(f"select {wanted} as value")
        found = kind or result.columns[0].type
        return Variable(found, literal(result.rows[0][0], found))

    def holds(self, condition: Any) -> bool:
        """Tell whether a condition is true; null is not."""
        return self.value(self.text(core(condition))).value == "true"

    def declare(self, node: Any) -> None:
        """DECLARE: null unless a default is given."""
        kind = types.parse(self.text(core(node.type))) if node.HasField("type") else None
        default = self.text(core(node.default_value)) if node.HasField("default_value") else "null"
        for name in node.variable_list.identifier_list:
            self.variables[name.id_string.lower()] = self.value(default, kind)

    def assign(self, node: Any) -> None:
        """SET name = expression."""
        name = node.variable.id_string.lower()
        if name not in self.variables:
            raise CrucibleError(ErrorKind.INVALID_QUERY, f"Undeclared variable: {name}")
        kind = self.variables[name].kind
        self.variables[name] = self.value(self.text(core(node.expression)), kind)

    def choose(self, node: Any) -> None:
        """IF, its ELSEIFs and its ELSE."""
        if self.holds(node.condition):
            self.block(node.then_list)
            return
        for clause in node.elseif_clauses.elseif_clauses:
            if self.holds(clause.condition):
                self.block(clause.body)
                return
        if node.HasField("else_list"):
            self.block(node.else_list)

    def loop(self, node: Any) -> None:
        """WHILE and LOOP."""
        body = body_of(node)
        while not node.HasField("condition") or self.holds(node.condition):
            try:
                self.block(body)
            except Left:
                return
            except Continued:
                continue

    def each(self, node: Any) -> None:
        """FOR record IN (query): the record's fields are read as record.field."""
        record = node.variable.id_string.lower()
        found = self.sql(self.text(core(node.query)))
        for row in found.rows:
            for column, value in zip(found.columns, row, strict=True):
                name = f"{record}.{column.name.lower()}"
                self.variables[name] = Variable(column.type, literal(value, column.type))
            try:
                self.block(body_of(node))
            except Left:
                break
            except Continued:
                continue
        for name in [name for name in self.variables if name.startswith(f"{record}.")]:
            del self.variables[name]

    def immediate(self, node: Any) -> None:
        """EXECUTE IMMEDIATE text, without INTO and USING."""
        if node.HasField("into_clause") or node.HasField("using_clause"):
            raise CrucibleUnsupportedError("EXECUTE IMMEDIATE with INTO or USING")
        expression = self.text(core(node.sql))
        self.done.append(self.sql(str(self.sql(f"select {expression} as value").rows[0][0])))

    def nested(self, node: Any) -> None:
        """BEGIN ... END, with its exception handler."""
        outer = dict(self.variables)
        try:
            self.block(node.statement_list_node)
        except CrucibleError:
            if not node.HasField("handler_list"):
                raise
            for handler in node.handler_list.exception_handler_list:
                self.block(handler.statement_list)
        finally:
            self.variables = {name: self.variables[name] for name in outer}

    def leave(self, _: Any) -> None:
        """BREAK and LEAVE."""
        raise Left

    def go_on(self, _: Any) -> None:
        """CONTINUE and ITERATE."""
        raise Continued


HANDLERS: dict[str, Callable[[Script, Any], None]] = {
    "ASTVariableDeclarationProto": Script.declare,
    "ASTSingleAssignmentProto": Script.assign,
    "ASTIfStatementProto": Script.choose,
    "ASTWhileStatementProto": Script.loop,
    "ASTBeginEndBlockProto": Script.nested,
    "ASTForInStatementProto": Script.each,
    "ASTExecuteImmediateStatementProto": Script.immediate,
    "ASTBreakStatementProto": Script.leave,
    "ASTContinueStatementProto": Script.go_on,
}
PROCEDURAL = frozenset(
    f"AST{name}Proto"
    for name in (
        "AssignmentFromStruct",
        "CallStatement",
        "CaseStatement",
        "ParameterAssignment",
        "RaiseStatement",
        "RepeatStatement",
        "ReturnStatement",
        "SystemVariableAssignment",
    )
)


def core(wrapped: Any) -> Any:
    """Return the node inside the messages that only say which kind it is."""
    while wrapped.DESCRIPTOR.name.startswith("Any"):
        ((_, wrapped),) = wrapped.ListFields()
    return wrapped


def layers(node: Any) -> Iterator[Any]:
    """Yield a node and the more general nodes it is made of."""
    while node is not None:
        yield node
        node = node.parent if "parent" in node.DESCRIPTOR.fields_by_name else None


def body_of(loop: Any) -> Any:
    """Return the statements of a loop, which one of its layers has."""
    return next(layer.body for layer in layers(loop) if "body" in layer.DESCRIPTOR.fields_by_name)


def location(node: Any) -> Any:
    """Return where a node stands in the script."""
    *_, deepest = layers(node)
    return deepest.parse_location_range


def literal(value: Any, kind: exp.DataType) -> str:
    """Return a value as SQL of its type. Raises CrucibleUnsupportedError for lists and structs."""
    name = types.type_name(kind)
    if value is None:
        return f"cast(null as {name})"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return f"cast({value} as {name})"
    if isinstance(value, str | datetime.date | datetime.time):
        text = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"cast('{text}' as {name})"
    raise CrucibleUnsupportedError(f"a script variable of type {name}")
