"""`customer360 new-source`: looks at a raw table, guesses, writes contract and staging, tells."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from customer360.column_facts import Setting, table_facts
from customer360.config import project_vars
from customer360.contracts import load_contracts
from customer360.errors import ConfigError
from customer360.guessing import KEY_DISTINCT_RESENT, TableGuess, guess_table
from customer360.paths import PROJECT_FILE, Project
from customer360.source_design import Design, SourceName, design_source, parse_name, table_words
from customer360.source_inserts import into_contracts, into_project, into_yml
from customer360.source_report import checks, key_line, record_line, table_lines
from customer360.source_sample import (
    RawSample,
    different_share,
    known_countries,
    read_file,
    read_relation,
    with_known,
)
from customer360.source_writing import (
    MODELS_HEAD,
    base_sql,
    base_yml,
    contract_yml,
    macro_entry,
    policy_entry,
    project_entry,
    sources_head,
    stg_sql,
    stg_yml,
    vars_text,
)

CONTRACTS_FILE = "macros/sources/contracts.sql"


@dataclass(frozen=True)
class Request:
    """What the user asked for: a file or a relation, and where the instance is to be written."""

    name: str
    file: str | None = None
    relation: str | None = None
    target: str = "dev"
    delimiter: str | None = None
    vars_file: Path | None = None
    only_show: bool = False


@dataclass(frozen=True)
class Writing:
    """The files to be made and those to be changed, with their text."""

    made: Mapping[Path, str]
    changed: Mapping[Path, str]


def new_source(project: Project, request: Request, tell: Callable[[str], None]) -> None:
    """Guess, write and tell; raises ConfigError with one sentence, and then nothing was written."""
    name = judged_name(request.name)
    vars_file = vars_path(request)
    refuse_taken(project, name, vars_file)
    sample = read_sample(project, request, name, vars_file)
    table = guess(project, name, sample)
    policy = policy_types(project)
    design = design_source(name, table, sample.is_file, policy)
    writing = planned(project, design, sample, vars_file)
    show_guesses(design, table, sample, tell)
    if request.only_show:
        tell("Nothing was written (--only-show).")
        return
    write(writing)
    show_written(project, writing, vars_file, request, tell)


# --- what is asked --------------------------------------------------------------------------------


def judged_name(text: str) -> SourceName:
    """Read NAME; raises ConfigError."""
    name = parse_name(text)
    if name is None:
        raise ConfigError(
            f"'{text}' is no name for a source; write it as source or source.entity, in lower-case "
            "letters and digits, in the entity underscores too, each at most 30 characters."
        )
    return name


def vars_path(request: Request) -> Path:
    """Return where the instance is written: as asked, else beside the file, else here."""
    if (request.file is None) == (request.relation is None):
        raise ConfigError("Name either --file (CSV or Parquet) or --relation (schema.table).")
    if request.delimiter is not None and len(request.delimiter.encode()) != 1:
        raise ConfigError("--delimiter must be one character, as in --delimiter ';'.")
    if request.vars_file:
        return request.vars_file.resolve()
    folder = Path.cwd()
    if request.file is not None:
        given = Path(request.file).expanduser()
        given = given if any(sign in str(given) for sign in "*?[") else given.resolve()
        folder = (given if given.is_dir() else given.parent).resolve()
    return folder / f"{request.name}.yml"


def refuse_taken(project: Project, name: SourceName, vars_file: Path) -> None:
    """Refuse a name that is anywhere already; raises ConfigError."""
    staging = project.root / "models" / "staging" / name.source
    if name.contract in load_contracts(project.root):
        raise taken(f"The contract {name.contract} is there already", "take another name")
    entries = project_vars(project.root).get("source_entries") or {}
    if f"stg_{name.model}" in entries:
        raise taken(f"`source_entries` has stg_{name.model} already", "take another name")
    for kind in ("base", "stg"):
        path = staging / f"{kind}_{name.model}.sql"
        if path.exists():
            raise taken(f"'{path.relative_to(project.root)}' is there already", "take another name")
    if vars_file.exists():
        raise taken(f"'{vars_file}' is there already", "move it away, or name another with --vars")


def taken(what: str, advice: str) -> ConfigError:
    """Return the error for something that is there."""
    return ConfigError(f"{what}, and nothing is overwritten; {advice}.")


def read_sample(project: Project, request: Request, name: SourceName, vars_file: Path) -> RawSample:
    """Read the first rows of what the user named; raises ConfigError."""
    if request.relation is not None:
        return read_relation(project, request.target, request.relation)
    assert request.file is not None
    folder = raw_folder(vars_file)
    return read_file(name, folder, told_path(request.file, folder), request.delimiter)


def raw_folder(vars_file: Path) -> Path:
    """Return where the relative paths of an instance count from, as in a build."""
    chosen = os.environ.get("CUSTOMER360_RAW_DIR")
    return Path(chosen).expanduser().resolve() if chosen else vars_file.parent


def told_path(file: str, folder: Path) -> str:
    """Return a path as the instance says it: from a folder where it is inside, else absolute."""
    path = Path(os.path.normpath(Path.cwd() / Path(file).expanduser()))
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


# --- guessing -------------------------------------------------------------------------------------


def guess(project: Project, name: SourceName, sample: RawSample) -> TableGuess:
    """Return what the raw table is."""
    setting = Setting(known_countries(project.root))
    all_facts, all_counts = table_facts(sample.names, sample.rows, setting)
    known = with_known(project, all_facts, all_counts)
    words = table_words(name, Path(sample.label).stem)
    while True:
        table = guess_table(known, words)
        key = table.key.facts if table.key else None
        if key is None or different_share(sample, key.name) >= KEY_DISTINCT_RESENT:
            return table
        # The rows read are the first ones: further down the file this column repeats.
        known = [
            replace(facts, repeats_later=True) if facts.place == key.place else facts
            for facts in known
        ]


def policy_types(project: Project) -> list[str]:
    """Return the identifier types that the project's policy names."""
    policy = project_vars(project.root).get("identity_policy") or []
    return [str(item["type"]) for item in policy if isinstance(item, dict) and "type" in item]


# --- writing --------------------------------------------------------------------------------------


def planned(project: Project, design: Design, sample: RawSample, vars_file: Path) -> Writing:
    """Return every file that is to be made or changed; raises ConfigError."""
    name = design.name
    folder = project.root / "models" / "staging" / name.source
    made = {
        folder / f"base_{name.model}.sql": base_sql(design),
        folder / f"stg_{name.model}.sql": stg_sql(design),
        vars_file: vars_text(design, dict(sample.place)),
    }
    changed: dict[Path, str] = {}
    models = base_yml(design) + "\n" + stg_yml(design)
    for path, key, head, entry in (
        (
            folder / f"_{name.source}__sources.yml",
            "sources",
            sources_head(design),
            contract_yml(design),
        ),
        (folder / f"_{name.source}__models.yml", "models", MODELS_HEAD, models),
    ):
        if not path.exists():
            made[path] = head + entry
        elif key == "sources":
            changed[path] = into_yml(read_text(path), path, key, entry)
        else:
            first = into_yml(read_text(path), path, key, base_yml(design))
            changed[path] = into_yml(first, path, key, stg_yml(design))
    project_file = project.root / PROJECT_FILE
    types = {kind: (role, policy_entry(kind, role)) for kind, role in design.new_types.items()}
    changed[project_file] = into_project(
        read_text(project_file), f"stg_{name.model}", project_entry(design), types
    )
    contracts = project.root / CONTRACTS_FILE
    changed[contracts] = into_contracts(read_text(contracts), name.contract, macro_entry(design))
    return Writing(made, changed)


def read_text(path: Path) -> str:
    """Read a file of the project as it is, line ends included; raises ConfigError."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"'{path.name}' cannot be read; restore it.") from error


def write(writing: Writing) -> None:
    """Write all files or none; raises ConfigError."""
    before = {path: path.read_bytes() for path in writing.changed}
    done: list[Path] = []
    folders = [path.parent for path in writing.made if not path.parent.exists()]
    try:
        for path, text in writing.made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                done.append(path)
                stream.write(text.encode("utf-8"))
        for path, text in writing.changed.items():
            path.write_bytes(text.encode("utf-8"))
    except OSError as error:
        for path in done:
            path.unlink(missing_ok=True)
        for folder in folders:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        for path, content in before.items():
            path.write_bytes(content)
        raise ConfigError(
            f"The new source could not be written ({error.strerror}); nothing was changed; correct "
            "the permissions and try again."
        ) from error


# --- telling --------------------------------------------------------------------------------------


def show_guesses(
    design: Design, table: TableGuess, sample: RawSample, tell: Callable[[str], None]
) -> None:
    """Say what was guessed, how sure it is, and what to check."""
    count = len(sample.rows)
    of_all = f" of {sample.row_count:,}" if sample.row_count and sample.row_count > count else ""
    delimiter = sample.place.get("delimiter")
    parted = f", parted by {delimiter!r}" if delimiter else ""
    tell(f"Read {count:,}{of_all} rows and {len(sample.names)} columns of {sample.label}{parted}.")
    tell("")
    for line in table_lines(table, design):
        tell(line)
    tell("")
    tell(key_line(table))
    tell(record_line(table, design))
    if sample.unread:
        tell(f"Not read, because they are no single values: {', '.join(sample.unread)}.")
    told = checks(design, count)
    if told:
        tell("")
        tell("Check:")
        for sentence in told:
            tell(f"- {sentence}")
    tell("")


def show_written(
    project: Project,
    writing: Writing,
    vars_file: Path,
    request: Request,
    tell: Callable[[str], None],
) -> None:
    """Say which files were made and changed, and how to go on."""
    for verb, paths in (("Made", writing.made), ("Added to", writing.changed)):
        names = [
            str(path.relative_to(project.root)) if path.is_relative_to(project.root) else str(path)
            for path in paths
        ]
        tell(f"{verb}: {', '.join(names)}.")
    tell("")
    tell(f"The instance, in {vars_file}:")
    tell("")
    for line in writing.made[vars_file].splitlines():
        tell(f"    {line}")
    tell("")
    target = f" --target {request.target}" if request.target != "dev" else ""
    tell(f"Build it: customer360 build --vars {vars_file}{target}")
