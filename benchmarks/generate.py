"""Write a small, messy, made-up world with known truth: extracts of a CRM, a web tracker, a shop.

    python benchmarks/generate.py --people 500 --seed 360 --out seeds/sample

The same arguments give the same bytes on every machine. People are made in blocks of twenty; a
block has a random stream of its own, derived from seed and block number, holds all that its people
share (families, devices, land lines), and is written before the next one is begun, so memory does
not grow with people.
"""

import argparse
import csv
import json
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from world.crm import keep_contacts
from world.mess import (
    BLOCKS_PER_FAULT_BATCH,
    Summary,
    plant_faults,
    plant_long_row,
    plant_orphans,
    repeat_rows,
)
from world.model import COLUMNS, KEYS, PEOPLE_PER_BLOCK, Block, Values
from world.people import make_people
from world.shop import place_orders, share_device
from world.web import browse, leave_no_trace, run_bot

FILES = {
    "contacts": "sample_crm__contacts.csv",
    "events": "sample_web__events.csv",
    "orders": "sample_shop__orders.csv",
    "order_items": "sample_shop__order_items.csv",
    "truth": "sample_truth.csv",
}

SYSTEMS = {"contacts": "crm", "events": "web", "orders": "shop", "order_items": "shop"}


def make_block(seed: int, number: int, people: int, summary: Summary) -> Block:
    """Make all that happens in one block; it depends on seed and number alone, save the last."""
    block = Block(number, random.Random(f"customer360:{seed}:{number}"))
    family = make_people(block, people)
    for person in block.people:
        keep_contacts(block, person)
        place_orders(block, person)
        browse(block, person)
    if len(family) > 1:
        share_device(block, family)
    if number % 10 == 3:
        run_bot(block)
    if number % 2 == 0:
        leave_no_trace(block)
    if number % 5 == 0:
        plant_orphans(block, summary)
    repeat_rows(block, summary)
    if number % BLOCKS_PER_FAULT_BATCH == 0:
        plant_faults(block, summary)
    if number == 0:
        plant_long_row(block, summary)
    block.rng.shuffle(block.rows)
    return block


def truth_rows(block: Block) -> Iterator[Values]:
    """One row per distinct usable key of a record-bearing table, in order of table and key."""
    known = {
        (raw.table, raw.values[KEYS[raw.table]].strip()): raw.person_id
        for raw in block.rows
        if raw.person_id
    }
    for (table, key), person_id in sorted(known.items()):
        yield {
            "source_system": SYSTEMS[table],
            "source_entity": table,
            "source_record_id": key,
            "person_id": person_id,
        }


def count_keys(block: Block, summary: Summary) -> None:
    """Add the block's rows and distinct usable keys to the summary."""
    # lines belong to nobody; their faulty keys are told by their prefix
    keys = {
        (raw.table, raw.values[KEYS[raw.table]])
        for raw in block.rows
        if raw.person_id or (raw.table == "order_items" and raw.values["order_item_id"][:1] == "O")
    }
    summary.rows.update(raw.table for raw in block.rows)
    summary.keys.update(table for table, _ in keys)


def open_writers(out: Path, stack: ExitStack) -> dict[str, "csv.DictWriter[str]"]:
    """Open a CSV writer per table and write its header; UTF-8, line feeds."""
    writers: dict[str, csv.DictWriter[str]] = {}
    for table, name in FILES.items():
        handle: TextIO = stack.enter_context((out / name).open("w", encoding="utf-8", newline=""))
        writers[table] = csv.DictWriter(handle, COLUMNS[table], lineterminator="\n")
        writers[table].writeheader()
    return writers


def generate(people: int, seed: int, out: Path) -> Summary:
    """Write the five files into `out` (made if missing) and say what was written.

    Raises ValueError if there is nobody to write about.
    """
    if people < 1:
        raise ValueError("people must be at least 1")
    out.mkdir(parents=True, exist_ok=True)
    summary = Summary()
    with ExitStack() as stack:
        writers = open_writers(out, stack)
        for number in range(-(-people // PEOPLE_PER_BLOCK)):
            block = make_block(seed, number, people, summary)
            for raw in block.rows:
                writers[raw.table].writerow(raw.values)
            for row in truth_rows(block):
                writers["truth"].writerow(row)
                summary.rows["truth"] += 1
            count_keys(block, summary)
    return summary


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; print the summary as JSON."""
    parser = argparse.ArgumentParser(description="Write made-up raw extracts with known truth.")
    parser.add_argument("--people", type=int, default=500, help="how many people (default 500)")
    parser.add_argument("--seed", type=int, default=360, help="random seed (default 360)")
    parser.add_argument(
        "--out", type=Path, default=Path("seeds/sample"), help="folder to write into"
    )
    options = parser.parse_args(arguments)
    summary = generate(options.people, options.seed, options.out)
    json.dump(summary.as_dict(), sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
