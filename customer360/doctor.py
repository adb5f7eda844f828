"""Looks at everything a build needs and says how to mend what is missing."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import yaml

from customer360.errors import Customer360Error
from customer360.lock import holder, is_locked
from customer360.operations import DbtWarehouse
from customer360.paths import Project
from customer360.published import read_publication
from customer360.targets import Target, find_target, has_adapter
from customer360.warehouse import describe

PINNED = ("dbt-core", "dbt-duckdb", "duckdb")
OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 1024**3


@dataclass(frozen=True)
class Check:
    """One finding; `fix` says what to do about a problem."""

    name: str
    is_good: bool
    found: str
    fix: str = ""


def check_python() -> Check:
    """Check the version of Python."""
    found = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info[:2] >= OLDEST_PYTHON
    return Check("Python", good, found, "" if good else "install Python 3.11 or newer")


def pinned_versions(lock: Path) -> dict[str, str]:
    """Read the versions pinned in requirements.lock."""
    pattern = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    return {name.lower(): version for name, version in pattern.findall(text)}


def check_versions(root: Path) -> Iterator[Check]:
    """Compare what is installed with what the project was tried with."""
    pinned = pinned_versions(root / "requirements.lock")
    for name in PINNED:
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Check(name, False, "not installed", "run `make setup`")
            continue
        wanted = pinned.get(name)
        good = wanted is None or wanted == found
        told = found if good else f"{found}, the project pins {wanted}"
        yield Check(name, good, told, "" if good else "run `make setup`")


def check_packages(root: Path) -> Check:
    """Check that the dbt packages are in their place."""
    content = (
        yaml.safe_load((root / "packages.yml").read_text())
        if (root / "packages.yml").is_file()
        else {}
    )
    wanted = [
        str(each["package"]).rsplit("/", 1)[-1]
        for each in (content or {}).get("packages") or []
        if "package" in each
    ]
    absent = [name for name in wanted if not (root / "dbt_packages" / name).exists()]
    if absent:
        return Check("dbt packages", False, f"missing: {', '.join(absent)}", "run `make setup`")
    return Check("dbt packages", True, ", ".join(wanted) or "none needed")


def check_profile(project: Project) -> Check:
    """Check that the profile is there and names this project."""
    path = project.profiles_file
    if not path.is_file():
        return Check(
            "profile", False, "no profiles.yml", "run `cp profiles.yml.example profiles.yml`"
        )
    fix = "compare profiles.yml with profiles.yml.example"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        outputs = content["customer360"]["outputs"]
        found = ", ".join(f"{name} ({output['type']})" for name, output in outputs.items())
    except (yaml.YAMLError, UnicodeDecodeError):
        return Check("profile", False, "profiles.yml is not valid YAML", fix)
    except (KeyError, TypeError, AttributeError):
        return Check("profile", False, "profiles.yml has no outputs of customer360", fix)
    return Check("profile", True, found)


def check_home(project: Project) -> Check:
    """Check that the warehouse folder can be written to."""
    home = project.home
    if not home.exists():
        return Check("warehouse folder", True, "not made yet; the first build makes it")
    if not (home.is_dir() and os.access(home, os.W_OK | os.X_OK)):
        return Check(
            "warehouse folder",
            False,
            f"'{home}' cannot be written to",
            "correct its permissions or set CUSTOMER360_HOME to another folder",
        )
    return Check("warehouse folder", True, str(home))


def check_modes(project: Project) -> Check:
    """Check that the database files are for their owner alone."""
    files = [path for path in (project.work_file, project.published_file) if path.exists()]
    loose = [path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if loose:
        names = " ".join(str(project.home / name) for name in loose)
        return Check(
            "file modes", False, f"others can read {', '.join(loose)}", f"run `chmod 600 {names}`"
        )
    return Check("file modes", True, "0600" if files else "no files yet")


def check_lock(project: Project) -> Check:
    """Check whether a build is running, which is no problem."""
    if is_locked(project):
        return Check("lock", True, f"a build is running{holder(project)}")
    return Check("lock", True, "free")


def check_published(project: Project) -> Check:
    """Check that the published file opens."""
    try:
        publication = read_publication(project)
    except Customer360Error as error:
        return Check("published file", False, "cannot be read", str(error))
    if publication is None:
        return Check("published file", True, "none yet; run `make demo`")
    return Check("published file", True, f"generation {publication.generation}")


def check_disk(project: Project) -> Check:
    """Check that there is room for another copy of the files."""
    place = project.home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    files = (project.work_file, project.published_file)
    needed = LEAST_FREE_BYTES + 2 * sum(path.stat().st_size for path in files if path.exists())
    told = f"{free / 1024**3:.1f} GB free"
    if free < needed:
        return Check(
            "disk",
            False,
            f"{told}, a build may need {needed / 1024**3:.1f} GB",
            "make room, or set CUSTOMER360_HOME to a folder on another disk",
        )
    return Check("disk", True, told)


def check_raw_dir(project: Project, env: Mapping[str, str]) -> Check:
    """Check the folder of raw files, when one is set."""
    chosen = env.get("CUSTOMER360_RAW_DIR")
    if not chosen:
        return Check("raw files", True, "CUSTOMER360_RAW_DIR is not set; not needed")
    folder = Path(chosen).expanduser()
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        return Check(
            "raw files",
            False,
            f"'{chosen}' is not a readable folder",
            "set CUSTOMER360_RAW_DIR to the folder of the raw files or unset it",
        )
    return Check("raw files", True, str(folder.resolve()))


def check_adapter(target: Target) -> Check:
    """Check that dbt's adapter for a warehouse is installed."""
    good = has_adapter(target.engine)
    found = "installed" if good else "not installed"
    fix = "" if good else f"run `make setup ADAPTER={target.engine}`"
    return Check(f"dbt-{target.engine}", good, found, fix)


def check_variables(target: Target, env: Mapping[str, str]) -> Check:
    """Check that the environment has what the target asks for; values are never shown."""
    missing = target.missing_variables(env)
    if missing:
        fix = "set them; docs/warehouses.md says what each is"
        return Check("environment", False, f"missing: {', '.join(missing)}", fix)
    return Check("environment", True, f"{len(target.needed_variables)} variables set")


def check_warehouse(project: Project, target: Target, env: Mapping[str, str]) -> Check:
    """Check that the warehouse answers, and say what is published there."""
    if not has_adapter(target.engine) or target.missing_variables(env):
        return Check("warehouse", True, "not asked; see above")
    try:
        published = describe(DbtWarehouse(project, target.name, {}), target)
    except Customer360Error as error:
        return Check("warehouse", False, "does not answer", str(error))
    if published.publication is None:
        return Check("warehouse", True, "answers; nothing published yet")
    return Check("warehouse", True, f"answers; generation {published.publication.generation}")


def run_checks(project: Project, env: Mapping[str, str], target_name: str = "dev") -> list[Check]:
    """Run every check; one that fails by itself is a problem, not the end."""
    checks: list[Check] = [check_python(), *check_versions(project.root)]
    target = find_target(project, target_name)
    later: list[Callable[[], Check]] = [
        lambda: check_packages(project.root),
        lambda: check_profile(project),
        lambda: check_home(project),
        lambda: check_lock(project),
    ]
    if target.is_warehouse:
        later += [
            lambda: check_adapter(target),
            lambda: check_variables(target, env),
            lambda: check_warehouse(project, target, env),
        ]
    else:
        later += [
            lambda: check_modes(project),
            lambda: check_published(project),
            lambda: check_disk(project),
            lambda: check_raw_dir(project, env),
        ]
    for check in later:
        try:
            checks.append(check())
        except Exception as error:  # a doctor must not fall ill
            checks.append(
                Check(
                    "doctor",
                    False,
                    f"a check failed ({type(error).__name__})",
                    "run `customer360 --debug doctor`",
                )
            )
    return checks
