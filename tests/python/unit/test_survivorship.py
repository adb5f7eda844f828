"""Settings of profiles: every wrong one is refused in one sentence that says what to change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from project.kill_harness import without_tests
from unit.macro_runner import ROOT, LeanProject, lean_project

pytestmark = pytest.mark.xdist_group("survivorship")

YML = "models/marts/customer/_customer__models.yml"
PROFILE_SETTINGS = ("survivorship", "profile_history_fields")
GROUPS = (
    "name, address, email, phone, company, date_of_birth, gender, language, lifecycle_status, "
    "birth_year, interests, monthly_income, income_bracket, credit_score, credit_tier"
)
STRATEGIES = "most_recent, merge, highest_value, source_priority, most_frequent, most_complete"


class Settings:
    """A project that dbt has read, with the columns of its marts, to ask about settings."""

    def __init__(self, project: LeanProject) -> None:
        self.project, self.root = project, project.root
        lean = without_tests(yaml.safe_load((ROOT / YML).read_text(encoding="utf-8")))
        (self.root / YML).write_text(yaml.safe_dump(lean), encoding="utf-8")
        outcome = project.dbt("parse")
        assert outcome.success, outcome.exception
        self.manifest = outcome.result

    def dbt(self, *command: str, variables: Mapping[str, Any]) -> Any:
        """Run a command under vars; dbt's own result."""
        from dbt.cli.main import dbtRunner

        where = ["--project-dir", self.root, "--profiles-dir", self.root, "--target", "dev"]
        outputs = ["--target-path", self.root / "target", "--log-path", self.root / "logs"]
        lean = ["--quiet", "--no-write-json", "--no-populate-cache"]
        given = ["--vars", json.dumps(variables)]
        return dbtRunner(manifest=self.manifest).invoke(
            [*lean, *command, *map(str, where + outputs), *given]
        )

    def ask(self, macro: str, variables: Mapping[str, Any]) -> Any:
        """Run a macro under vars; dbt's own result."""
        return self.dbt("run-operation", macro, variables=variables)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The project, read once."""
    return Settings(lean_project(tmp_path_factory.mktemp("survivorship") / "project"))


def of_fields(**fields: Any) -> dict[str, Any]:
    """A setting that chooses some fields in another way."""
    return {"fields": fields}


def priority(*sources: Any, **more: Any) -> dict[str, Any]:
    """A choice by a list of sources."""
    return {"strategy": "source_priority", "sources": list(sources), **more}


RIGHT: dict[str, Any] = {
    "a strategy": "highest_value",
    "a default": {"default": "most_frequent"},
    "nothing but fields": of_fields(email="merge", name="most_complete"),
    "no fields": {"default": "merge", "fields": None},
    "everything": {
        "default": priority("shop"),
        "fields": {"phone": priority("crm", "shop"), "address": {"strategy": "merge"}},
    },
}
# name -> survivorship and what is told
WRONG: dict[str, tuple[Any, str]] = {
    "a number": (3, "`survivorship` must be a strategy, or {default: most_recent, fields:"),
    "a list": (["merge"], "`survivorship` must be a strategy, or {default: most_recent, fields:"),
    "an unknown strategy": (
        "newest",
        f"`survivorship > default` is 'newest'; use one of {STRATEGIES}.",
    ),
    "an unknown strategy of a field": (
        of_fields(email="latest"),
        f"`survivorship > fields > email` is 'latest'; use one of {STRATEGIES}.",
    ),
    "no strategy": (
        of_fields(email={"sources": ["crm"]}),
        f"`survivorship > fields > email` is ''; use one of {STRATEGIES}.",
    ),
    "an unknown key": (
        {"global": "merge"},
        "`survivorship` has the unknown setting 'global'; use default and fields.",
    ),
    "an unknown key of a field": (
        of_fields(email={"strategy": "merge", "source": "crm"}),
        "`survivorship > fields > email` has the unknown setting 'source'; use strategy and",
    ),
    "fields as a list": (
        {"fields": ["email"]},
        "`survivorship > fields` must map fields to strategies, as in {email: merge}.",
    ),
    "an unknown field": (
        of_fields(mail="merge"),
        f"names 'mail', which no strategy chooses; use one of {GROUPS}.",
    ),
    "a field that is counted": (
        of_fields(total_revenue="merge"),
        "names 'total_revenue', which no strategy chooses; use one of",
    ),
    "a part of an address": (
        of_fields(city="merge"),
        "names 'city', which comes from one statement with the whole address; write address.",
    ),
    "a part of a name": (
        of_fields(last_name="merge"),
        "names 'last_name', which comes from one statement with the whole name; write name.",
    ),
    "no sources": (
        "source_priority",
        "`survivorship > default` is source_priority and must list its sources, as in {strategy:",
    ),
    "an empty list of sources": (of_fields(email=priority()), "must list its sources, as in"),
    "one source as a word": (
        of_fields(email={"strategy": "source_priority", "sources": "crm"}),
        "`survivorship > fields > email` is source_priority and must list its sources, as in",
    ),
    "an unknown source": (
        of_fields(email=priority("crm", "crmm")),
        "`survivorship > fields > email` names the source 'crmm', which no instance is called;"
        " use crm, shop, ",
    ),
    "a source twice": (
        of_fields(email=priority("crm", "crm")),
        "`survivorship > fields > email` names the source 'crm' twice; remove one.",
    ),
    "sources of another strategy": (
        of_fields(email={"strategy": "merge", "sources": ["crm"]}),
        "has sources, which merge does not read; remove them or use source_priority.",
    ),
}
RIGHT_FIELDS: list[list[str]] = [
    [],
    ["net_revenue", "first_purchase_at", "date_of_birth", "is_identified", "record_count"],
]
# name -> profile_history_fields and what is told
WRONG_FIELDS: dict[str, tuple[Any, str]] = {
    "a word": ("country", "must be a list of columns of customer360_profiles, or [] for no"),
    "a mapping": ({"country": True}, "must be a list of columns of customer360_profiles, or []"),
    "a list inside": ([["country"]], "holds '['country']'; write names of columns, as in"),
    "a field twice": (["country", "country"], "names 'country' twice; remove one."),
    "an unknown column": (
        ["segment"],
        "names 'segment', which is no column of customer360_profiles to remember; use some of",
    ),
    "the key": (["customer360_id"], "names 'customer360_id', which is no column of"),
    "a time of the profile": (["updated_at"], "names 'updated_at', which is no column of"),
    "what moves with time": (
        ["age"],
        "names 'age', which moves with time alone and would change every day; remove it.",
    ),
    "a list": (["emails"], "names 'emails', which is a list; name columns of one value."),
}


def refused(outcome: Any, told: str, sentence: str) -> None:
    """Assert that dbt stopped with one sentence about the configuration."""
    assert not outcome.success
    assert told.count("Configuration: ") == 1
    lines = told.split("Configuration: ")[1].split("\n  \n")[0]
    assert sentence in lines
    assert lines.rstrip().endswith(".")
    assert lines.count(". ") == 0


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_setting_is_taken(settings: Settings, name: str) -> None:
    assert settings.ask("survivorship_settings", {"survivorship": RIGHT[name]}).success


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_refused_in_one_sentence(
    settings: Settings, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value, sentence = WRONG[name]
    outcome = settings.ask("survivorship_settings", {"survivorship": value})
    refused(outcome, capsys.readouterr().out, sentence)


@pytest.mark.parametrize("fields", RIGHT_FIELDS)
def test_right_fields_are_remembered(settings: Settings, fields: list[str]) -> None:
    assert settings.ask("profile_history_fields", {"profile_history_fields": fields}).success


@pytest.mark.parametrize("name", WRONG_FIELDS)
def test_wrong_fields_are_refused_in_one_sentence(
    settings: Settings, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value, sentence = WRONG_FIELDS[name]
    outcome = settings.ask("profile_history_fields", {"profile_history_fields": value})
    refused(outcome, capsys.readouterr().out, sentence)


@pytest.mark.parametrize(
    "wrong", [{"survivorship": "newest"}, {"profile_history_fields": ["age"]}], ids=PROFILE_SETTINGS
)
def test_a_run_refuses_before_it_touches_a_table(settings: Settings, wrong: dict[str, Any]) -> None:
    outcome = settings.dbt("run", variables=wrong)
    assert not outcome.success
    assert f"Configuration: `{next(iter(wrong))}" in str(outcome.exception)
    assert settings.project.tables() == []


def test_the_examples_of_the_page_are_right(settings: Settings) -> None:
    page = (ROOT / "docs/profiles.md").read_text(encoding="utf-8")
    examples = [part.split("```")[0] for part in page.split("```yaml\n")[1:]]
    read = [yaml.safe_load(example) for example in examples]
    assert {key for example in read for key in example} == set(PROFILE_SETTINGS)
    for example in read:
        for key in example:
            macro = {"survivorship": "survivorship_settings"}.get(key, key)
            assert settings.ask(macro, example).success, example
