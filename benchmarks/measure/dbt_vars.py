"""Declare a population's raw tables to a copy of the project and print the vars that dbt needs.

Runs with the project's own Python inside the copy, as `customer360 build` would; what measures has
an environment of its own, without dbt.
"""

import json
import os
import sys
from pathlib import Path

from customer360.build import prepare_inputs
from customer360.paths import ensure_profile, find_project
from customer360.sources_yml import resolved_variables


def main(vars_file: str) -> None:
    """Write the sources yml of the project in the current folder; print the vars as JSON."""
    project = find_project()
    ensure_profile(project)
    inputs = prepare_inputs(project, Path(vars_file).resolve(), os.environ)
    print(json.dumps(resolved_variables(inputs.config, inputs.tables), default=str))


if __name__ == "__main__":
    main(sys.argv[1])
