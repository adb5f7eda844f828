"""Which raw files a build reads, and which of them were loaded before.

The state of the published file lists every file that was loaded, by the hash of its content. With
`load: overwrite` a table is what its files hold now. With `load: append` it is everything they ever
held: of each file that was loaded a copy is kept beside the published file, under the hash of its
content, so that no file is kept twice and none is lost when it leaves its folder. A copy counts
only once the build that read it is published: a build that failed has loaded nothing.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from customer360.config import BuildConfig, Instance
from customer360.errors import BuildError, ConfigError
from customer360.paths import Project
from customer360.published import attach_readable, draft_path
from customer360.rawfiles import (
    Candidate,
    FileLoad,
    RawFile,
    RawTable,
    base_folder,
    check_files,
    find_files,
    is_parquet,
    raw_dir,
    sql_text,
)
from customer360.state import STATE_SCHEMA, state_tables

STATE_TABLE = "raw_files"
CHUNK_BYTES = 1 << 20
SHOWN_FILES = 5


@dataclass(frozen=True)
class KnownFile:
    """A file that was loaded, as the state remembers it; `has_copy` where one was kept of it."""

    load: FileLoad
    row_count: int
    has_copy: bool


@dataclass(frozen=True)
class Ledger:
    """What was loaded until now.

    `files` maps (contract, instance) to the files of its table by name; `forgotten` are the hashes
    of contents that no table kept by appending holds any more.
    """

    files: Mapping[tuple[str, str], Mapping[str, KnownFile]]
    forgotten: frozenset[str] = frozenset()

    def of(self, instance: Instance) -> Mapping[str, KnownFile]:
        """Return the files of an instance by name."""
        return self.files.get((instance.contract.name, instance.name), {})


@dataclass(frozen=True)
class FoundFile:
    """A file in the folder now."""

    name: str
    path: Path
    content_hash: str

    @property
    def byte_count(self) -> int:
        """Size of the file."""
        return self.path.stat().st_size


EMPTY = Ledger({})

# Rows of a generation that was never finished do not count; see macros/state/generations.sql.
LEDGER_SQL = f"""
    select
        files.source_contract, files.source_system, files.source_file, files.load_mode,
        files.content_hash, files.byte_count, files.row_count, files.content_version,
        files.first_loaded_at, files.loaded_at,
        coalesce(files.valid_to_generation > last.generation_no, true) as is_current
    from state.{STATE_SCHEMA}.{STATE_TABLE} as files
    cross join (
        select coalesce(max(generation_no), 0) as generation_no
        from state.{STATE_SCHEMA}.generations
    ) as last
    where files.valid_from_generation <= last.generation_no
"""


# --- what was loaded ------------------------------------------------------------------------------


def read_ledger(project: Project) -> Ledger:
    """Read what the published file says was loaded; without one, what the working file says.

    Raises BuildError when the file cannot be read.
    """
    files = (project.published_file, project.work_file)
    file = next((path for path in files if path.exists()), None)
    if file is None:
        return EMPTY
    scratch = draft_path(project, "ledger")
    try:
        with duckdb.connect() as connection:
            attach_readable(connection, file, "state", scratch)
            if (STATE_SCHEMA, STATE_TABLE) not in state_tables(connection, "state"):
                return EMPTY
            return to_ledger(connection.execute(LEDGER_SQL).fetchall())
    except duckdb.Error as error:
        if file == project.work_file:
            # It is only a working file: a build that cannot read it makes a new one.
            return EMPTY
        raise BuildError(
            f"The list of loaded files in '{file}' could not be read ({type(error).__name__}), so "
            "nothing was built; restore that file from a backup and build again."
        ) from error
    finally:
        scratch.unlink(missing_ok=True)


def to_ledger(rows: Iterable[tuple[object, ...]]) -> Ledger:
    """Sort rows of the state into the files that are loaded and contents that no longer are."""
    files: defaultdict[tuple[str, str], dict[str, KnownFile]] = defaultdict(dict)
    kept: set[str] = set()
    ever: set[str] = set()
    for contract, system, name, mode, content, size, count, version, first, last, current in rows:
        ever.add(str(content))
        if not current:
            continue
        load = FileLoad(
            name=str(name),
            content_hash=str(content),
            byte_count=int(str(size)),
            content_version=int(str(version)),
            first_loaded_at=moment(first),
            loaded_at=moment(last),
        )
        files[(str(contract), str(system))][load.name] = KnownFile(
            load, int(str(count)), has_copy=mode == "append"
        )
        if mode == "append":
            kept.add(load.content_hash)
    return Ledger(dict(files), frozenset(ever - kept))


def moment(value: object) -> str:
    """Return a timestamp as text, UTC."""
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


# --- what is there now ----------------------------------------------------------------------------


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def look_at(instance: Instance, folder: Path, is_known: bool) -> list[FoundFile]:
    """Return the files in the folder of an instance, by name.

    Where files are kept that were loaded before (`is_known`), the folder may be empty by now.
    """
    base = base_folder(instance, folder)
    may_be_none = is_known and instance.load == "append"
    found = [
        FoundFile(path.relative_to(base).as_posix(), path, hash_of(path))
        for path in find_files(instance, folder, may_be_none)
    ]
    return sorted(found, key=lambda file: file.name)


def copies_folder(project: Project) -> Path:
    """Return the folder of the copies that `load: append` keeps."""
    return project.home / "raw_files"


def copy_path(copies: Path, load: FileLoad) -> Path:
    """Return where the copy of a file is, or is to be."""
    ending = ".parquet" if is_parquet(Path(load.name)) else ".csv"
    return copies / f"{load.content_hash}{ending}"


# --- which of them are read -----------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """A file to be read, where from, and what became of it since the last build.

    `what` is new, unchanged, replaced, kept (although it changed) or gone.
    """

    load: FileLoad
    path: Path
    what: str
    row_count: int | None = None

    @property
    def candidate(self) -> Candidate:
        """The file as it is to be checked."""
        return Candidate(self.path, self.load, self.row_count)


def choose(
    instance: Instance,
    found: Sequence[FoundFile],
    known: Mapping[str, KnownFile],
    as_of: str,
    copies: Path,
) -> list[Choice]:
    """Decide for every file, in the folder or loaded before, whether and from where it is read.

    Raises ConfigError where a changed file is to stop the build, or a copy is missing.
    """
    choices = [choose_found(instance, file, known.get(file.name), as_of, copies) for file in found]
    if instance.load == "append":
        names = {file.name for file in found}
        choices += [
            from_copy(instance, file, "gone", copies)
            for name, file in sorted(known.items())
            if name not in names and file.has_copy
        ]
    return choices


def choose_found(
    instance: Instance, file: FoundFile, known: KnownFile | None, as_of: str, copies: Path
) -> Choice:
    """Decide what a file in the folder counts as; raises ConfigError as choose() does."""
    if known is None:
        load = FileLoad(file.name, file.content_hash, file.byte_count, 1, as_of, as_of)
        return Choice(load, file.path, "new")
    if known.load.content_hash == file.content_hash:
        if instance.load == "append" and copy_path(copies, known.load).exists():
            return from_copy(instance, known, "unchanged", copies)
        return Choice(known.load, file.path, "unchanged")
    if instance.load == "append" and instance.changed_files == "stop":
        raise ConfigError(
            f"{instance.where} > file: '{file.name}' changed since it was loaded; put it back as "
            "it was, give the new content a name of its own, or set 'changed_files: replace' or "
            "'changed_files: keep'."
        )
    if instance.load == "append" and instance.changed_files == "keep":
        return from_copy(instance, known, "kept", copies)
    load = replace(
        known.load,
        content_hash=file.content_hash,
        byte_count=file.byte_count,
        content_version=known.load.content_version + 1,
        loaded_at=as_of,
    )
    return Choice(load, file.path, "replaced")


def from_copy(instance: Instance, known: KnownFile, what: str, copies: Path) -> Choice:
    """Read a file from the copy that was kept; raises ConfigError when it is not there whole."""
    path = copy_path(copies, known.load)
    if not path.is_file() or path.stat().st_size != known.load.byte_count:
        raise ConfigError(
            f"{instance.where} > file: the copy of '{known.load.name}', which was loaded before, "
            f"is not in '{copies}'; restore that folder from a backup, put the file back where it "
            "was, or set 'load: overwrite'."
        )
    state = {"kept": "changed", "gone": "gone"}.get(what, "present")
    return Choice(replace(known.load, state=state), path, what, known.row_count)


def without_twins(choices: Sequence[Choice]) -> tuple[list[Choice], dict[str, str]]:
    """Leave out files with the content of another one, which would count each row twice.

    The one that was loaded before stays, else the first by name. Returns those that stay, and the
    name of each that does not with the name of its twin.
    """
    stay: dict[str, Choice] = {}
    twins: dict[str, str] = {}
    loaded = ("unchanged", "kept", "gone")
    for choice in sorted(choices, key=lambda each: (each.what not in loaded, each.load.name)):
        twin = stay.setdefault(choice.load.content_hash, choice)
        if twin is not choice:
            twins[choice.load.name] = twin.load.name
    return sorted(stay.values(), key=lambda each: each.load.name), twins


# --- what is said of it ---------------------------------------------------------------------------

# What became of files -> how it is told in each mode; None says nothing.
TOLD = {
    "new": ("new", "new"),
    "replaced": ("changed since the last build", "changed since loaded, rows replaced"),
    "kept": ("", "changed since loaded, earlier rows kept"),
    "gone": ("", "gone from the folder, rows kept"),
}


def notes_of(
    instance: Instance,
    choices: Sequence[Choice],
    twins: Mapping[str, str],
    known: Mapping[str, KnownFile],
) -> list[str]:
    """Return sentences on what is not as in the last build; none for the first one."""
    notes = []
    is_append = instance.load == "append"
    for what, told in TOLD.items():
        names = [choice.load.name for choice in choices if choice.what == what]
        if names and known:
            notes.append(f"{listed(names)}: {told[is_append]}")
    lost = sorted(set(known) - {choice.load.name for choice in choices} - set(twins))
    if lost:
        notes.append(f"{listed(lost)}: gone from the folder, rows gone too")
    notes += [f"'{name}' holds what '{twin}' holds and is not read" for name, twin in twins.items()]
    return notes


def listed(names: Sequence[str]) -> str:
    """Return names of files for a message."""
    shown = ", ".join(f"'{name}'" for name in names[:SHOWN_FILES])
    more = len(names) - SHOWN_FILES
    return shown + (f" and {more} more" if more > 0 else "")


# --- a build --------------------------------------------------------------------------------------


def check_raw_files(
    config: BuildConfig, env: Mapping[str, str], cwd: Path, ledger: Ledger, copies: Path
) -> tuple[RawTable, ...]:
    """Find, compare and check every file of every instance; raises ConfigError for a fault."""
    by_file = [instance for instance in config.instances if instance.file is not None]
    if not by_file:
        return ()
    folder = raw_dir(config, env, cwd)
    with duckdb.connect() as connection:
        return tuple(
            load_instance(instance, folder, ledger.of(instance), config.as_of, copies, connection)
            for instance in by_file
        )


def load_instance(
    instance: Instance,
    folder: Path,
    known: Mapping[str, KnownFile],
    as_of: str,
    copies: Path,
    connection: duckdb.DuckDBPyConnection,
) -> RawTable:
    """Find, compare and check the files of one instance."""
    found = look_at(instance, folder, bool(known))
    choices, twins = without_twins(choose(instance, found, known, as_of, copies))
    table = check_files(instance, [choice.candidate for choice in choices], connection)
    notes = notes_of(instance, choices, twins, known)
    return replace(table, notes=(*notes, *table.notes))


def keep_copies(project: Project, tables: Iterable[RawTable]) -> None:
    """Copy the files of appending instances that have no copy yet. Call it before publishing.

    Raises BuildError when a file changed while the build read it, or there is no room.
    """
    copies = copies_folder(project)
    for table in tables:
        for file in table.files if table.instance.load == "append" else ():
            if file.load is not None and not copy_path(copies, file.load).exists():
                keep_copy(file, file.load, copies)


def keep_copy(file: RawFile, load: FileLoad, copies: Path) -> None:
    """Copy one file, whole or not at all; raises BuildError."""
    target = copy_path(copies, load)
    draft = target.with_name(f"{target.name}.tmp")
    try:
        copies.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(file.path, draft)
        draft.chmod(0o600)
        is_same = hash_of(draft) == load.content_hash
        if is_same:
            draft.replace(target)
    except OSError as error:
        raise BuildError(
            f"'{load.name}' could not be copied to '{copies}' ({error.strerror}), so nothing was "
            "published; make room on the disk or correct the permissions and build again."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    if not is_same:
        raise BuildError(
            f"'{load.name}' changed while the build read it, so nothing was published; build again "
            "when it is written."
        )


def remove_forgotten(project: Project) -> None:
    """Delete copies of contents that what is published no longer holds. Call it after publishing.

    A copy that the state has never heard of is left alone: with the published file lost, the copies
    may be the only ones.
    """
    copies = copies_folder(project)
    if not copies.is_dir():
        return
    forgotten = read_ledger(project).forgotten
    for path in copies.iterdir():
        if path.stem in forgotten or path.suffix == ".tmp":
            path.unlink(missing_ok=True)


def files_read_sql(tables: Iterable[RawTable]) -> str:
    """Return a query in brackets: one row per file that this build reads, for dbt."""
    rows = [
        values_of(table, file, file.load) for table in tables for file in table.files if file.load
    ]
    names = ", ".join(FILES_READ)
    if not rows:
        empty = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in FILES_READ.items())
        return f"(select {empty} where false)"
    return f"(select * from (values {', '.join(sorted(rows))}) as files_read({names}))"


# Name -> DuckDB's type; described in models/intermediate/state.
FILES_READ = {
    "file_key": "varchar",
    "source_contract": "varchar",
    "source_system": "varchar",
    "source_file": "varchar",
    "load_mode": "varchar",
    "file_state": "varchar",
    "content_hash": "varchar",
    "byte_count": "bigint",
    "row_count": "bigint",
    "content_version": "bigint",
    "first_loaded_at": "timestamp",
    "loaded_at": "timestamp",
}


def values_of(table: RawTable, file: RawFile, load: FileLoad) -> str:
    """Return the row of a file as SQL, in the order of FILES_READ."""
    contract, system = table.instance.contract.name, table.instance.name
    texts = (
        f"{contract}:{system}:{load.name}",
        contract,
        system,
        load.name,
        table.instance.load,
        load.state,
        load.content_hash,
    )
    numbers = (load.byte_count, file.row_count, load.content_version)
    moments = (load.first_loaded_at, load.loaded_at)
    cells = [
        *(sql_text(text) for text in texts),
        *(f"{number}::bigint" for number in numbers),
        *(f"timestamp {sql_text(text)}" for text in moments),
    ]
    return f"({', '.join(cells)})"
