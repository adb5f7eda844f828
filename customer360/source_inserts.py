"""Puts the text of a new source into files that people keep, and leaves every other byte alone.

Each insertion is judged by reading the file before and after: nothing but the new entry may differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, TemplateError

from customer360.errors import ConfigError

Read = Callable[[str], Any]


def indentation(line: str) -> int:
    """Return how many blanks a line begins with."""
    return len(line) - len(line.lstrip(" "))


def is_content(line: str) -> bool:
    """Whether a line is neither blank nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def block_end(lines: list[str], start: int, indent: int) -> int:
    """Return the number of the line after a block whose key stands in line `start`.

    What follows the block's last line of content (blank lines, comments on what comes next) is not
    part of it. A list may stand at the depth of its key.
    """
    end = start + 1
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if not is_content(line):
            continue
        is_item = indentation(line) == indent and line.lstrip().startswith("- ")
        if indentation(line) <= indent and not is_item:
            break
        end = number + 1
    return end


def find_key(lines: list[str], key: str, indent: int) -> int | None:
    """Return the line in which a key stands alone, with its value below."""
    pattern = re.compile(rf"^ {{{indent}}}{re.escape(key)}:\s*(#.*)?$")
    return next((number for number, line in enumerate(lines) if pattern.match(line)), None)


def insert_lines(text: str, place: int, addition: str) -> str:
    """Return a text with an addition before line `place`, counted from 0."""
    lines = text.splitlines(keepends=True)
    before = "".join(lines[:place])
    if before and not before.endswith("\n"):
        before += "\n"
    return before + addition + "".join(lines[place:])


def into_project(text: str, model: str, entry: str, types: dict[str, tuple[str, str]]) -> str:
    """Return dbt_project.yml with a source entry, and a policy line for each new identifier type.

    `types`: type -> (role, text of its line). Raises ConfigError where there is no place for them.
    """
    lines = text.splitlines()
    start = find_key(lines, "source_entries", 2)
    if start is None:
        raise no_place("dbt_project.yml", "`source_entries` as a block under `vars`")
    done = insert_lines(text, block_end(lines, start, 2), entry)
    for role, line in types.values():
        done = into_policy(done, role, line)

    def entries_of(content: Any) -> tuple[Any, Any, Any]:
        variables = content["vars"]
        others = {
            key: value
            for key, value in variables.items()
            if key not in ("source_entries", "identity_policy")
        }
        known = {key: value for key, value in variables["source_entries"].items() if key != model}
        policy = [
            item for item in variables.get("identity_policy") or [] if not is_new(item, types)
        ]
        return {**content, "vars": others}, known, policy

    check_same("dbt_project.yml", yaml.safe_load, entries_of, text, done)
    return done


def is_new(item: Any, types: dict[str, tuple[str, str]]) -> bool:
    """Whether an entry of the policy is of one of the new types."""
    return isinstance(item, dict) and item.get("type") in types


def into_policy(text: str, role: str, line: str) -> str:
    """Return dbt_project.yml with one more type: after the last strong one, or at the end."""
    lines = text.splitlines()
    start = find_key(lines, "identity_policy", 2)
    if start is None:
        raise no_place("dbt_project.yml", "`identity_policy` as a list under `vars`")
    end = block_end(lines, start, 2)
    place = end
    if role == "strong":
        strong = [
            number
            for number in range(start, end)
            if re.match(r"^\s+- \{.*role: strong\b.*\}\s*(#.*)?$", lines[number])
        ]
        place = strong[-1] + 1 if strong else end
    return insert_lines(text, place, line)


def into_contracts(text: str, contract: str, entry: str) -> str:
    """Return macros/sources/contracts.sql with one more contract; raises ConfigError."""
    ends = list(re.finditer(r"^    \}\) \}\}\s*$", text, re.MULTILINE))
    if not ends:
        raise no_place("macros/sources/contracts.sql", "the end `}) }}` of its mapping")
    place = ends[-1].start()
    done = text[:place] + entry + text[place:]

    def others(content: Any) -> Any:
        return {key: value for key, value in content.items() if key != contract}

    check_same("macros/sources/contracts.sql", rendered_contracts, others, text, done)
    return done


def rendered_contracts(text: str) -> Any:
    """Return what the macro contracts() returns; raises ConfigError where it cannot be read."""
    caught: list[Any] = []
    try:
        environment = Environment(extensions=["jinja2.ext.do"])
        module: Any = environment.from_string(text, globals={"return": caught.append}).module
        module.contracts()
    except (TemplateError, AttributeError, TypeError) as error:
        raise no_place("macros/sources/contracts.sql", "the macro contracts()") from error
    return caught[0]


def into_yml(text: str, path: Path, key: str, entry: str) -> str:
    """Return a yml of a source that is there already with one more table or model at its end."""
    done = text if text.endswith("\n") else text + "\n"
    done += entry if key == "sources" else "\n" + entry

    def first_ones(content: Any) -> Any:
        if key == "models":
            return content["models"][:before]
        return [*content["sources"][:-1], content["sources"][-1]["tables"][:before]]

    content = yaml.safe_load(text)
    try:
        found = content["models"] if key == "models" else content["sources"][-1]["tables"]
        before = len(found)
        check_same(path.name, yaml.safe_load, first_ones, text, done)
        after = yaml.safe_load(done)
        count = len(after["models"] if key == "models" else after["sources"][-1]["tables"])
    except (KeyError, TypeError, IndexError) as error:
        raise no_place(path.name, f"a list under `{key}` at its end") from error
    if count != before + 1:
        raise no_place(path.name, f"a list under `{key}` at its end")
    return done


def check_same(
    name: str, read: Read, without_new: Callable[[Any], Any], before: str, after: str
) -> None:
    """Stop where an insertion changed, or did not become, what it should; raises ConfigError."""
    try:
        old, new = read(before), read(after)
        is_same = without_new(old) == without_new(new) and old != new
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        is_same = False
    if not is_same:
        raise no_place(name, "a place for a new entry")


def no_place(name: str, missing: str) -> ConfigError:
    """Return the error for a file that has no place for an entry."""
    return ConfigError(
        f"'{name}' lacks {missing}, so that nothing was written; restore it, or add the source by "
        "hand as docs/sources.md tells."
    )
