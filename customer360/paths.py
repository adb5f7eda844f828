"""Where the project and its files are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from customer360.errors import ConfigError

PROJECT_FILE = "dbt_project.yml"


@dataclass(frozen=True)
class Project:
    """The project folder and the home of its database files, both absolute."""

    root: Path
    home: Path

    @property
    def work_file(self) -> Path:
        """The file dbt builds in; it may be deleted at any time no build is running."""
        return self.home / "work.duckdb"

    @property
    def published_file(self) -> Path:
        """The file people read; it is only ever replaced as a whole."""
        return self.home / "customer360.duckdb"

    @property
    def lock_file(self) -> Path:
        """Held by a running build."""
        return self.home / ".lock"

    @property
    def lock_info_file(self) -> Path:
        """Says which process holds the lock and since when."""
        return self.home / ".lock.json"

    @property
    def profiles_file(self) -> Path:
        """The connection settings dbt reads."""
        return self.root / "profiles.yml"

    @property
    def profiles_example(self) -> Path:
        """The committed profile a missing one is made from."""
        return self.root / "profiles.yml.example"

    @property
    def instances_file(self) -> Path:
        """The generated declaration of the user's raw tables."""
        return self.root / "models" / "staging" / "_instances__sources.yml"

    @property
    def target_dir(self) -> Path:
        """Where dbt writes its artifacts."""
        return self.root / "target"

    @property
    def log_dir(self) -> Path:
        """Where dbt writes its log."""
        return self.root / "logs"


def find_root(env: Mapping[str, str], cwd: Path) -> Path:
    """Find the project: CUSTOMER360_PROJECT_DIR, else upwards from `cwd`, else beside the code.

    Raises ConfigError when none of them holds a dbt project.
    """
    chosen = env.get("CUSTOMER360_PROJECT_DIR")
    if chosen:
        root = (cwd / Path(chosen).expanduser()).resolve()
        if not (root / PROJECT_FILE).is_file():
            raise ConfigError(
                f"CUSTOMER360_PROJECT_DIR is '{chosen}', but there is no {PROJECT_FILE} in it; "
                "set it to the project's folder or unset it."
            )
        return root
    for folder in (cwd, *cwd.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder.resolve()
    root = Path(__file__).resolve().parent.parent
    if (root / PROJECT_FILE).is_file():
        return root
    raise ConfigError(
        f"no {PROJECT_FILE} here or in a folder above; go to the project's folder "
        "or set CUSTOMER360_PROJECT_DIR to it."
    )


def find_project(env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Project:
    """Find the project; a relative CUSTOMER360_HOME counts from the project's folder, as in dbt."""
    env = os.environ if env is None else env
    root = find_root(env, Path.cwd() if cwd is None else cwd)
    home = Path(env.get("CUSTOMER360_HOME") or "warehouse").expanduser()
    return Project(root=root, home=(root / home).resolve())


def ensure_home(project: Project) -> None:
    """Create the home, readable by its owner only; raises ConfigError when that cannot be done."""
    try:
        if not project.home.exists():
            project.home.mkdir(mode=0o700, parents=True)
        if not os.access(project.home, os.W_OK | os.X_OK):
            raise PermissionError
    except OSError as error:
        raise ConfigError(
            f"the folder '{project.home}' cannot be written to ({error.strerror or 'no permission'}"
            "); correct its permissions or set CUSTOMER360_HOME to another folder."
        ) from error


def ensure_profile(project: Project) -> bool:
    """Make profiles.yml from the example when it is missing; True when it was made."""
    if project.profiles_file.exists():
        return False
    if not project.profiles_example.is_file():
        raise ConfigError(
            "there is neither a profiles.yml nor a profiles.yml.example in the project's folder; "
            "restore profiles.yml.example."
        )
    shutil.copyfile(project.profiles_example, project.profiles_file)
    # People put passwords into their profile.
    project.profiles_file.chmod(0o600)
    return True
