"""Errors that carry one sentence for the user and the exit code of the command."""

from __future__ import annotations

EXIT_OK = 0
EXIT_BUILD_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_LOCKED = 3
EXIT_UNEXPECTED = 4


class Customer360Error(Exception):
    """An expected failure: its text says what went wrong and what to do, and holds no raw data."""

    exit_code = EXIT_UNEXPECTED


class BuildError(Customer360Error):
    """A model, seed, snapshot or test did not succeed; nothing was published."""

    exit_code = EXIT_BUILD_FAILED


class ConfigError(Customer360Error):
    """The configuration or a raw file is not usable; no table has been touched."""

    exit_code = EXIT_BAD_INPUT


class LockedError(Customer360Error):
    """Another process is building, or holds the working file open."""

    exit_code = EXIT_LOCKED
