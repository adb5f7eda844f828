"""Fill dbt_packages with what packages.yml names, or with the stand-ins under compat/.

The package hub is asked once, shortly. When it answers, `dbt deps` installs the real packages; when
it does not, or the installation fails, compat/<package> is linked in their place and one line says
so. Either way the packages are put together in a scratch folder and moved into place whole, so that
dbt_packages is never half full, whatever interrupts this.

A second call has nothing to do until packages.yml or a stand-in changes. To try the hub again,
delete dbt_packages.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

HUB_SECONDS = 2.5
INSTALL_SECONDS = 120.0
SCRATCH_PREFIX = ".dbt_packages_"
MARKER = ".made_from"


class SetupError(Exception):
    """Setting up cannot go on; the message is the one sentence to show."""


def named_packages(project: Path) -> dict[str, str]:
    """Return the hub packages of packages.yml as {'owner/name': version}."""
    entries = yaml.safe_load((project / "packages.yml").read_text("utf-8"))["packages"]
    return {entry["package"]: str(entry.get("version", "")) for entry in entries}


def short_name(package: str) -> str:
    """Return the dbt project name, and so the folder name, of 'owner/name'."""
    return package.rsplit("/", maxsplit=1)[-1]


def fingerprint(project: Path) -> str:
    """Return a digest of all that dbt_packages is made from: packages.yml and the stand-ins."""
    digest = hashlib.sha256((project / "packages.yml").read_bytes())
    for path in sorted((project / "compat").rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(project).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def is_complete(folder: Path, packages: dict[str, str]) -> bool:
    """Tell whether a folder holds a dbt project for every package."""
    return all((folder / short_name(name) / "dbt_project.yml").is_file() for name in packages)


def is_ready(project: Path, packages: dict[str, str]) -> bool:
    """Tell whether an earlier call has done all there is to do."""
    marker = project / "dbt_packages" / MARKER
    return (
        marker.is_file()
        and marker.read_text("utf-8") == fingerprint(project)
        and is_complete(project / "dbt_packages", packages)
    )


def hub_url() -> str:
    """Return the hub's address as dbt itself would take it (DBT_PACKAGE_HUB_URL or its default)."""
    from dbt.clients.registry import DEFAULT_REGISTRY_BASE_URL  # slow to import, seldom needed

    return str(DEFAULT_REGISTRY_BASE_URL)


def hub_offers(hub: str, packages: dict[str, str], seconds: float = HUB_SECONDS) -> bool:
    """Ask the hub for every package's page; True when it has all versions, within `seconds`.

    The question runs in a thread that is left behind when time is up: a blocked name server can
    hold a connection far longer than any timeout of the request itself.
    """
    import requests  # what dbt uses, so proxies and certificates are the same

    found: list[bool] = []

    def ask() -> None:
        for name, version in packages.items():
            try:
                page = requests.get(f"{hub}api/v1/{name}.json", timeout=seconds)
                content: Any = page.json() if page.ok else {}
            except (requests.RequestException, ValueError):
                return
            # A login page or a firewall's notice is an answer too, but holds no versions.
            if not isinstance(content, dict) or version not in content.get("versions", {}):
                return
        found.append(True)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(found)


def install(project: Path, scratch: Path, packages: dict[str, str]) -> bool:
    """Run `dbt deps` in a scratch project; True when scratch/dbt_packages then holds everything.

    A project of its own: `dbt deps` empties the folder it installs into before it knows whether it
    can fill it, and the lock file it writes would make a later call by hand do the same offline.
    """
    shutil.copy(project / "packages.yml", scratch / "packages.yml")
    (scratch / "dbt_project.yml").write_text(
        'name: package_setup\nversion: "1.0"\nconfig-version: 2\n', "utf-8"
    )
    here = str(scratch.resolve())
    environment = {k: v for k, v in os.environ.items() if k != "DBT_PACKAGES_INSTALL_PATH"}
    environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    command = [sys.executable, "-m", "dbt.cli.main", "--log-level-file", "none", "deps"]
    try:
        done = subprocess.run(
            [*command, "--project-dir", here, "--profiles-dir", here],
            cwd=scratch,
            env=environment,
            capture_output=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and is_complete(scratch / "dbt_packages", packages)


def stand_in(project: Path, folder: Path, packages: dict[str, str]) -> None:
    """Fill a folder, which will become dbt_packages, with links to the stand-ins (or copies).

    Raises SetupError when a package has no stand-in.
    """
    missing = [name for name in packages if not is_complete(project / "compat", {name: ""})]
    if missing:
        raise SetupError(
            f"dbt packages: {', '.join(missing)} cannot be installed from the package hub, and "
            "compat/ holds no stand-in for it; connect to the hub and run make setup again."
        )
    folder.mkdir()
    for name in map(short_name, packages):
        try:
            (folder / name).symlink_to(Path("..", "compat", name), target_is_directory=True)
        except OSError:
            shutil.copytree(project / "compat" / name, folder / name)


def move_into_place(folder: Path, project: Path) -> None:
    """Make a finished folder the project's dbt_packages; an old one goes with the scratch."""
    target = project / "dbt_packages"
    if target.is_symlink():
        target.unlink()
    elif target.exists():
        target.rename(folder.parent / "replaced")
    folder.rename(target)


def set_up(project: Path) -> str | None:
    """Fill dbt_packages if need be; return the line to show, or None when nothing was to do.

    Raises SetupError with one sentence when neither the hub nor compat/ can serve a package.
    """
    packages = named_packages(project)
    if is_ready(project, packages):
        return None
    for leftover in project.glob(f"{SCRATCH_PREFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=project))
    try:
        hub = hub_url()
        offered = hub_offers(hub, packages)
        installed = offered and install(project, scratch, packages)
        folder = scratch / "dbt_packages"
        names = ", ".join(f"{short_name(name)} {version}" for name, version in packages.items())
        if installed:
            line = f"dbt packages: {names} installed from the package hub."
        else:
            shutil.rmtree(folder, ignore_errors=True)
            stand_in(project, folder, packages)
            reason = "`dbt deps` failed" if offered else f"{urlsplit(hub).hostname} does not answer"
            line = (
                f"dbt packages: {reason}, so the stand-in under compat/ serves for {names} "
                "(to try again: delete dbt_packages, then make setup)."
            )
        (folder / MARKER).write_text(fingerprint(project), "utf-8")
        move_into_place(folder, project)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return line


def main() -> int:
    """Run as a command; 0 when dbt_packages is complete, 1 when it cannot be."""
    parser = argparse.ArgumentParser(description="Fill dbt_packages, from the hub or from compat/.")
    parser.add_argument("--project-dir", type=Path, default=Path(__file__).resolve().parents[1])
    try:
        line = set_up(parser.parse_args().project_dir.resolve())
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    if line:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
