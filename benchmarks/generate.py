"""Write a small, messy, made-up world with known truth: extracts of every system of a business.

    python benchmarks/generate.py --people 500 --seed 360 --out seeds/sample

The same arguments give the same bytes on every machine. People are made in blocks of twenty; a
block has a random stream of its own, derived from seed and block number, holds all that its people
share (families, devices, land lines), and is written before the next one is begun, so memory does
not grow with people. CRM, web and shop orders are drawn from that stream; every other system has
one of its own in each block, so that a change to one moves no row of another.

    python benchmarks/generate.py --people 1500000 --parquet --out build/population

writes a plainer world of any size as Parquet (see population/writing.py), for what is measured.
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

from population.writing import write_population
from world.contracts import SYSTEM_COLUMNS, TRUTH, own_key, seed_file
from world.crm import keep_contacts
from world.marketing import click_ads, plan_campaigns, send_messages
from world.mess import (
    FAULTS,
    Summary,
    plant_faults,
    plant_long_row,
    plant_orphans,
    repeat_rows,
)
from world.model import (
    BLOCKS_PER_FAULT_BATCH,
    COLUMNS,
    KEYS,
    PEOPLE_PER_BLOCK,
    Block,
    Values,
)
from world.money import Provider, pay_orders, sell_otherwise
from world.people import make_people
from world.service import (
    ask_for_help,
    enrich,
    list_agents,
    list_products,
    state_consent,
)
from world.shop import place_orders, share_device
from world.store import join_scheme, keep_points, open_stores, sell_in_stores
from world.system import placed_orders, stream
from world.system_mess import SYSTEM_FAULTS, plant_system_orphans
from world.visits import browse_second_site, use_app
from world.web import browse, leave_no_trace, run_bot

FILES = {
    "contacts": "sample_crm__contacts.csv",
    "events": "sample_web__events.csv",
    "orders": "sample_shop__orders.csv",
    "order_items": "sample_shop__order_items.csv",
    "truth": "sample_truth.csv",
    **{table: seed_file(table) for table in SYSTEM_COLUMNS},
}


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
        plant_faults(block, summary, FAULTS)
    if number == 0:
        plant_long_row(block, summary)
    block.rng.shuffle(block.rows)
    for system in make_systems(block, seed):
        repeat_rows(system, summary)
        if number % BLOCKS_PER_FAULT_BATCH == 0:
            summary.orphans += plant_system_orphans(system)
            tables = {raw.table for raw in system.rows}
            faults = {table: kinds for table, kinds in SYSTEM_FAULTS.items() if table in tables}
            plant_faults(system, summary, faults)
        system.rng.shuffle(system.rows)
        block.rows += system.rows
    return block


def make_systems(block: Block, seed: int) -> list[Block]:
    """Make what every other system sees of a finished block, each in a stream of its own."""
    orders = placed_orders(block)
    names = ("app", "ga4", "shop", "pos", "stripe", "mailing", "ads", "loyalty", "support",
             "catalog", "enrichment", "consent")  # fmt: skip
    of = {name: stream(block, seed, name) for name in names}
    if block.number == 0:
        open_stores(of["pos"])
        plan_campaigns(of["ads"])
        list_agents(of["support"])
        list_products(of["catalog"])
    app_devices, bought_in_app = use_app(of["app"], orders)
    browse_second_site(of["ga4"], orders, bought_in_app)
    provider = Provider(of["stripe"])
    pay_orders(of["shop"], provider, orders)
    sell_otherwise(provider)
    members = join_scheme(of["loyalty"])
    sales = sell_in_stores(of["pos"], provider, members)
    provider.write_charges()
    keep_points(of["loyalty"], members, orders, sales)
    send_messages(of["mailing"], app_devices)
    click_ads(of["ads"], block)
    ask_for_help(of["support"], orders)
    enrich(of["enrichment"])
    state_consent(of["consent"])
    return list(of.values())


def truth_rows(block: Block) -> Iterator[Values]:
    """One row per distinct usable key of a record-bearing table, in order of table and key."""
    known = {
        (raw.table, own_key(raw.table, KEYS[raw.table], raw.values)): raw.person_id
        for raw in block.rows
        if raw.person_id and raw.table in TRUTH
    }
    for (table, key), person_id in sorted(known.items()):
        system, entity = TRUTH[table]
        yield {
            "source_system": system,
            "source_entity": entity,
            "source_record_id": key,
            "person_id": person_id,
        }


def count_keys(block: Block, summary: Summary) -> None:
    """Add the block's rows and distinct usable keys to the summary."""
    keys = {
        (raw.table, own_key(raw.table, KEYS[raw.table], raw.values))
        for raw in block.rows
        if not raw.is_faulty
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
    """Write a file per table into `out` (made if missing) and say what was written.

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
    parser.add_argument(
        "--parquet", action="store_true", help="a large population as Parquet, for measuring"
    )
    options = parser.parse_args(arguments)
    if options.parquet:
        made: object = write_population(options.people, options.seed, options.out)
    else:
        made = generate(options.people, options.seed, options.out).as_dict()
    json.dump(made, sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
