"""The targets of profiles.yml, as far as the command must know them before dbt reads them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from customer360.errors import ConfigError
from customer360.paths import Project

FILE_ENGINE = "duckdb"
# A setting without a second argument has no default: dbt stops where it is missing.
NEEDED_VARIABLE = re.compile(r"env_var\(\s*['\"](\w+)['\"]\s*\)")


@dataclass(frozen=True)
class Target:
    """An output of profiles.yml: its name, dbt's adapter, and the environment it asks for."""

    name: str
    engine: str
    needed_variables: tuple[str, ...]

    @property
    def is_warehouse(self) -> bool:
        """Whether it is published by the warehouse, not as a file."""
        return self.engine != FILE_ENGINE

    def missing_variables(self, env: Mapping[str, str]) -> list[str]:
        """Return the environment variables it asks for that are not set."""
        return [name for name in self.needed_variables if name not in env]


def find_target(project: Project, name: str) -> Target:
    """Return a target; one that cannot be found counts as a file, and dbt says what is wrong."""
    try:
        content = yaml.safe_load(project.profiles_file.read_text(encoding="utf-8"))
        output: Mapping[str, Any] = content["customer360"]["outputs"][name]
        engine = str(output["type"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        return Target(name, FILE_ENGINE, ())
    needed = NEEDED_VARIABLE.findall(" ".join(map(str, output.values())))
    return Target(name, engine, tuple(dict.fromkeys(needed)))


def has_adapter(engine: str) -> bool:
    """Tell whether dbt's adapter for an engine is installed."""
    return importlib.util.find_spec(f"dbt.adapters.{engine}") is not None


def check_ready(target: Target, env: Mapping[str, str]) -> None:
    """Stop with one sentence where a warehouse cannot even be asked; raises ConfigError."""
    if not has_adapter(target.engine):
        raise ConfigError(
            f"dbt's adapter for {target.engine} is not installed; "
            f"run `make setup ADAPTER={target.engine}`."
        )
    missing = target.missing_variables(env)
    if missing:
        raise ConfigError(
            f"the target '{target.name}' needs {', '.join(missing)} in the environment; "
            "set what is missing (docs/warehouses.md says what each is)."
        )
