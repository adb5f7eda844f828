"""Names as Snowflake tells them apart, for an analyzer that does not look at upper and lower case.

Without quotes a name is upper case; in quotes it is what it says. So `"id"` and ID are two names.
The analyzer is given ID for the second and a name of its own for the first.
"""

from __future__ import annotations

import re

from tokens import PLAIN_NAME, is_quoted, object_name

MARK = "quoted_"
ENCODED = re.compile(rf"{MARK}([0-9a-f]+)", re.IGNORECASE)


def encoded(name: str) -> str:
    """Return the word that stands for an object's name: the name itself where it is a plain one."""
    return name if PLAIN_NAME.match(name) else MARK + name.encode().hex()


def decoded(text: str) -> str:
    """Return a text with names as their users wrote them."""
    return ENCODED.sub(lambda match: '"' + bytes.fromhex(match[1]).decode() + '"', text)


def encode_names(tokens: list[str]) -> list[str]:
    """Return tokens in which no name is in quotes."""
    return [encoded(object_name(token)) if is_quoted(token) else token for token in tokens]
