"""The refusal of a statement."""

from __future__ import annotations


class Refused(Exception):
    """Snowflake would not take this statement; the message says why."""
