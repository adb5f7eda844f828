"""Guesses what the columns of a raw table are, by rules that can be told in a sentence.

Each kind of column (`column_kinds.py`) names a test of content. The score of a kind for a column is

    share of values that pass x (1 - (1 - name) x (1 - content) x (1 - known))

where `name` is what the words of the column's name prove (0 to 0.9), `content` what passing the
test proves by itself, and `known` nine tenths of the share of values that the published
customers carry. A column with a name that says nothing is so guessed by its content alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from customer360.column_facts import Facts
from customer360.column_kinds import (
    AMOUNT_KIND,
    ATTRIBUTE,
    COUNT_KIND,
    FLAG_KIND,
    FOREIGN_ID_KIND,
    GENERIC_KINDS,
    IDENTIFIER,
    IDENTIFIERS,
    MEASURE,
    NUMBER_KIND,
    OF_OTHERS,
    OPAQUE_KIND,
    RATE_KIND,
    SINGLE_KINDS,
    TEXT_KIND,
    TIME,
    TIME_KIND,
    Kind,
)
from customer360.naming import name_words, split_words

WHOLE_NAME, LAST_WORDS, WORDS_INSIDE, WEAK_NAME = 0.9, 0.75, 0.6, 0.56
HIGH, MEDIUM = 0.8, 0.55
LEAST_SHARE, LEAST_SCORE = 0.6, 0.35
# What is no number in a column of numbers costs its row, so that few may be none.
LEAST_NUMBERS = 0.97
# So much of a column must be filled and different for it to be a key. More may repeat where the
# rows that repeat a value are nearly the same: such rows were sent again.
KEY_FILLED, KEY_DISTINCT, KEY_DISTINCT_RESENT, RESENT_AGREEMENT = 0.98, 0.99, 0.8, 0.75
# So many of the values of a person's table differ: each row is somebody.
PERSON_DISTINCT = 0.9
# So few values of one form are chance.
LEAST_ALIKE = 5
DESCRIBES = "it describes people and measures nothing"
# So large a share of opaque ids that are known settles what they are.
KNOWN_ENOUGH = 0.2
KINDS_BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in SINGLE_KINDS}
PEOPLE = frozenset(
    split_words(
        "customer customers client clients kunde kunden cliente clientes contact contacts person "
        "people persons user users member members mitglied mitglieder guest guests patient "
        "patients buyer buyers shopper shoppers subscriber subscribers account accounts household "
        "households lead leads utilisateur utilisateurs usuario usuarios"
    )
)


@dataclass(frozen=True)
class Guess:
    """What a column is taken for; `score` runs from 0 to 1, `why` says what speaks for it."""

    facts: Facts
    kind: Kind
    score: float
    why: str
    # The same meaning has a better column: cleaned alike, but under its own name.
    is_second: bool = False

    @property
    def sureness(self) -> str:
        """How sure the guess is: high, medium or low."""
        return "high" if self.score >= HIGH else "medium" if self.score >= MEDIUM else "low"

    @property
    def is_identifier(self) -> bool:
        """Whether its values are compared with those of other records."""
        return self.kind.group == IDENTIFIER and not self.is_second and self.score >= MEDIUM


@dataclass(frozen=True)
class TableGuess:
    """What a table is taken for: its columns in their order, and what tells its rows apart."""

    columns: tuple[Guess, ...]
    key: Guess | None
    key_why: str
    # A row is somebody; else the rows of one set of identifiers are one record.
    row_is_person: bool
    record_why: str


# --- what a name says -----------------------------------------------------------------------------


def place_of(phrase: tuple[str, ...], name: tuple[str, ...]) -> float:
    """Return what a phrase in a name proves: at its end more than in front, all of it most."""
    if phrase == name or "".join(phrase) == "".join(name):
        return WHOLE_NAME
    size = len(phrase)
    places = [
        start for start in range(len(name) - size + 1) if name[start : start + size] == phrase
    ]
    if not places:
        return 0.0
    return LAST_WORDS if places[-1] == len(name) - size else WORDS_INSIDE


def name_evidence(words: tuple[str, ...], kind: Kind) -> float:
    """Return what the words of a name prove for a kind, 0 to 0.9.

    A member_uuid is a member_id, whatever it is made of.
    """
    as_ids = tuple("id" if word in ("uuid", "guid") else word for word in words)
    best = 0.0
    for phrase in kind.exact:
        parts = tuple(phrase.split("_"))
        found = max(place_of(parts, words), place_of(parts, as_ids))
        # A long phrase inside a name says more than one short word.
        if 0 < found < WHOLE_NAME:
            found += 0.02 * (len(parts) - 1)
        best = max(best, found)
    for phrase in kind.weak:
        if place_of(tuple(phrase.split("_")), words) == WHOLE_NAME:
            best = max(best, WEAK_NAME)
    if best < WHOLE_NAME and kind.group in (IDENTIFIER, ATTRIBUTE) and OF_OTHERS & set(words):
        return 0.0
    return best


# --- what a column is -----------------------------------------------------------------------------


def content_evidence(kind: Kind, facts: Facts) -> float:
    """Return what the content proves for a kind without any word in the name, 0 to 1."""
    if kind.name == "phone":
        return 0.85 * facts.share("sure_phone")
    if kind.name == "date_of_birth":
        return kind.alone * facts.share("births") if facts.filled >= 5 else 0.0
    if kind.name in ("country", "gender", "currency"):
        # Codes of another meaning look alike: few values, or strange ones, prove nothing.
        is_like = facts.share(kind.test) >= 0.97 and facts.filled >= 5
        if kind.name != "currency" and facts.distinct < 2:
            return 0.0
        return kind.alone if is_like and facts.distinct_share <= 0.8 else 0.0
    if kind.name == "flag":
        return kind.alone if facts.distinct == 2 and facts.share("digit") < 1 else 0.0
    if kind.group == TIME:
        if facts.time_order in ("compact", "epoch", "epoch_ms"):
            return 0.0
        if facts.share("births") and kind is TIME_KIND:
            return 0.4
        return kind.alone if facts.time_order == "iso" else 0.6
    return kind.alone


def fits(kind: Kind, facts: Facts) -> float:
    """Return the share of the values that a column of a kind may have."""
    share = facts.share(kind.test)
    if kind.group == MEASURE and (facts.share("leading_zero") > 0 or share < LEAST_NUMBERS):
        return 0.0
    if kind.name == "count" and facts.number_form != "plain":
        return 0.0
    if kind.group == IDENTIFIER and facts.distinct <= 2 < facts.filled / 5:
        # Yes and no, whatever the column is called.
        return 0.0
    if kind.test == "name":
        return share if facts.longest > 1 else 0.0
    return share


def score_of(kind: Kind, facts: Facts, words: tuple[str, ...]) -> tuple[float, float]:
    """Return the score of a kind for a column, and what of it is the name's."""
    share = fits(kind, facts)
    name = name_evidence(words, kind)
    # Many kinds of text accept nearly anything, so that only a name can speak for them.
    if share < LEAST_SHARE:
        return 0.0, name
    known = 0.0
    if facts.overlap and facts.overlap[0] == kind.name:
        known = 0.9 * facts.overlap[2]
    content = content_evidence(kind, facts)
    if kind.name == "date_of_birth" and name >= WEAK_NAME:
        # A name that speaks of birth is heard before one that speaks of a date.
        content = max(content, TIME_KIND.alone)
    return share * (1 - (1 - name) * (1 - content) * (1 - known)), name


def needs_a_name(kind: Kind, name: float, facts: Facts) -> bool:
    """Whether a kind without a word for it in the name must not be guessed."""
    if facts.overlap and facts.overlap[0] == kind.name:
        return False
    return name == 0.0 and (kind.needs_name or content_evidence(kind, facts) == 0.0)


def candidates(facts: Facts) -> list[Guess]:
    """Return every kind that a column may be, the likeliest first."""
    words = tuple(name_words(facts.name))
    found: list[tuple[float, float, int, Guess]] = []
    for rank, kind in enumerate((*SINGLE_KINDS, *GENERIC_KINDS)):
        score, name = score_of(kind, facts, words)
        if needs_a_name(kind, name, facts) or (score < LEAST_SCORE and kind is not TEXT_KIND):
            continue
        if kind.name in KINDS_BY_NAME and name == 0.0 and score < MEDIUM:
            # What a profile shows must rest on more than a likeness.
            continue
        guess = Guess(facts, kind, score, reason(kind, facts, name))
        found.append((score, name, -rank, guess))
    found.sort(key=lambda each: each[:3], reverse=True)
    return [guess for *_, guess in found] or [Guess(facts, TEXT_KIND, 0.0, "it is empty")]


def reason(kind: Kind, facts: Facts, name: float) -> str:
    """Tell what speaks for a guess."""
    if not facts.filled:
        return "it is empty"
    told = []
    if name >= WHOLE_NAME:
        told.append("its name says so")
    elif name > 0:
        told.append("a word of its name says so" if name != WEAK_NAME else "its name may mean it")
    if kind.name not in ("text", "foreign_id") and kind.test not in ("text", "code", "name"):
        told.append(f"{percent(facts.share(kind.test))} of the values look like one")
    if facts.overlap and facts.overlap[0] == kind.name:
        told.append(f"{percent(facts.overlap[2])} of the values are known already")
    if not told and kind is TEXT_KIND:
        return "nothing tells what it is"
    return ", ".join(told) or "its values allow it"


def percent(share: float) -> str:
    """Write a share; what is not all of it never shows as 100 %."""
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    return f"{min(max(share, 0.01), 0.99):.0%}"


def assign(all_candidates: Sequence[list[Guess]]) -> list[Guess]:
    """Give each column its best kind; of columns with one meaning the likeliest has it."""
    open_columns = dict(enumerate(all_candidates))
    chosen: dict[int, Guess] = {}
    taken: set[str] = set()
    while open_columns:
        # The likeliest of all goes first; of equals the fuller one, then the one in front.
        place = max(
            open_columns,
            key=lambda each: (
                open_columns[each][0].score,
                open_columns[each][0].facts.filled,
                -each,
            ),
        )
        best = open_columns[place][0]
        if best.kind.name in KINDS_BY_NAME and best.kind.name in taken:
            open_columns[place] = second_choice(open_columns[place])
            continue
        taken.add(best.kind.name)
        chosen[place] = best
        del open_columns[place]
    return [chosen[place] for place in sorted(chosen)]


def second_choice(guesses: list[Guess]) -> list[Guess]:
    """Return what is left when the first choice is taken; contact data is cleaned alike."""
    first, rest = guesses[0], guesses[1:]
    if first.kind.name in ("email", "phone", "country", "date_of_birth"):
        generic = replace(first.kind, name=f"second_{first.kind.name}")
        why = f"{first.why}; another column is the better {first.kind.title}"
        return [replace(first, kind=generic, is_second=True, why=why)]
    return rest or [Guess(first.facts, TEXT_KIND, 0.3, "another column says the same better")]


def lean_on_neighbours(guesses: list[Guess]) -> list[Guess]:
    """Read `name` beside a given name as the family name, and `nombre` beside a family name so."""
    sure = {guess.kind.name for guess in guesses if guess.score >= HIGH}
    done = []
    for guess in guesses:
        words = name_words(guess.facts.name)
        wanted = None
        if guess.facts.share("name") >= LEAST_SHARE and len(words) == 1:
            if words[0] in ("name", "nom") and "first_name" in sure and "last_name" not in sure:
                wanted = "last_name"
            elif words[0] == "nombre" and "last_name" in sure and "first_name" not in sure:
                wanted = "first_name"
        if wanted:
            kind = KINDS_BY_NAME[wanted]
            why = "its name, beside the other part of the name in another column"
            guess = Guess(guess.facts, kind, 0.8 * guess.facts.share("name"), why)
        done.append(guess)
    return done


def settle_by_known(guess: Guess) -> Guess:
    """Take an opaque id of which enough values are known for what it is known as."""
    overlap = guess.facts.overlap
    if guess.kind is not OPAQUE_KIND or overlap is None or overlap[2] < KNOWN_ENOUGH:
        return guess
    kind = KINDS_BY_NAME.get(overlap[0])
    if kind is None or kind.group != IDENTIFIER:
        return guess
    why = f"{percent(overlap[2])} of the values are known already as {kind.name}"
    return Guess(guess.facts, kind, max(guess.score, 0.6 + 0.4 * overlap[2]), why)


def doubt_sum(guess: Guess) -> Guess:
    """Take numbers that no name explains, and that look like years or codes, for such.

    Their sum over a customer's rows would say nothing.
    """
    facts = guess.facts
    if guess.kind is not NUMBER_KIND or facts.filled < LEAST_ALIKE:
        return guess
    if facts.share("year") == 1:
        return replace(guess, kind=RATE_KIND, why="its values look like years")
    if facts.share("codes") == 1:
        return replace(guess, kind=FOREIGN_ID_KIND, why="its values are digits of one length")
    return guess


def guess_columns(all_facts: Sequence[Facts]) -> list[Guess]:
    """Return what each column is, in their order."""
    chosen = assign([candidates(facts) for facts in all_facts])
    return [doubt_sum(guess) for guess in lean_on_neighbours(chosen)]


# --- what a table is ------------------------------------------------------------------------------


def key_score(guess: Guess, table_words: Sequence[str]) -> float:
    """Return how likely a column is the key of its rows, 0 where it cannot be."""
    facts = guess.facts
    least = KEY_DISTINCT_RESENT if facts.agreement >= RESENT_AGREEMENT else KEY_DISTINCT
    if facts.filled_share < KEY_FILLED or facts.distinct_share < least or facts.repeats_later:
        return 0.0
    if facts.share("code") < 0.99 or (facts.time_order == "iso" and facts.share("time") > 0.5):
        return 0.0
    if guess.kind.name in ("email", "phone", "amount", "rate", "flag", "url", "second_email"):
        return 0.0
    words = tuple(name_words(facts.name))
    if guess.kind.group in (ATTRIBUTE, TIME):
        return 0.0
    # A senseless name, but one word per row and no two alike.
    score = 0.35
    if words in (("id",), ("key",), ("pk",), ("uuid",), ("guid",), ("row", "id"), ("record", "id")):
        score = 0.9
    elif any(name_evidence(words, kind) >= WHOLE_NAME for kind in IDENTIFIERS):
        score = 0.8
    elif (
        (guess.is_identifier and guess.kind.is_namespaced and guess.kind is not OPAQUE_KIND)
        or place_of(("id",), words)
        or set(words) & set(FOREIGN_ID_KIND.exact)
    ):
        score = 0.75
    elif facts.share("opaque") > 0.9 or facts.share("leading_zero") > 0:
        score = 0.5
    elif facts.share("integer") == 1 and facts.place > 0:
        score = 0.3
    if score >= 0.75 and stems(words) & stems(table_words):
        score += 0.1
    if facts.distinct < facts.filled or facts.filled < facts.rows:
        score -= 0.15
    return score - 0.002 * facts.place


def stems(words: Sequence[str]) -> set[str]:
    """Return words without the ending of a plural."""
    return {word.rstrip("s") for word in words if len(word) > 2}


def find_key(guesses: Sequence[Guess], table_words: Sequence[str]) -> tuple[Guess | None, str]:
    """Return the column that is the key of the rows, with the reason; None where there is none."""
    scored = [(key_score(guess, table_words), -guess.facts.place, guess) for guess in guesses]
    score, _, best = max(scored, key=lambda each: each[:2], default=(0.0, 0, None))
    if best is None or score < 0.15:
        return None, "no column is filled and different in every row"
    facts = best.facts
    sureness = "high" if score >= HIGH else "medium" if score >= MEDIUM else "low"
    repeated = facts.filled - facts.distinct
    told = "filled and different in every row read"
    if repeated or facts.filled < facts.rows:
        told = (
            f"{repeated:,} of the rows read repeat a key, {facts.rows - facts.filled:,} have none"
        )
    return best, f"{sureness}: {told}"


def key_is_person(key: Guess | None, guesses: Sequence[Guess], table_words: Sequence[str]) -> bool:
    """Whether the key tells people apart: a person's number, or the key of a table of people."""
    if key is None:
        return False
    if key.kind.name in ("customer_id", "user_id", "loyalty_id", "national_id", "household_id"):
        return True
    kinds = {guess.kind.name for guess in guesses}
    is_of_people = bool(set(table_words) & PEOPLE)
    has_person = bool(kinds & {"first_name", "last_name", "full_name", "date_of_birth", "email"})
    return is_of_people and has_person and name_words(key.facts.name)[-1:] in (["id"], ["key"])


def rows_are_people(key: Guess | None, guesses: Sequence[Guess], by_key: bool) -> tuple[bool, str]:
    """Whether each row is somebody, with the reason."""
    if by_key:
        return True, "the key is a number of people"
    kinds = {guess.kind.name for guess in guesses}
    names = kinds & {"first_name", "last_name", "full_name", "date_of_birth"}
    measured = any(guess.kind.group == MEASURE for guess in guesses)
    if names and not measured and "order_id" not in kinds:
        return True, DESCRIBES
    for guess in guesses:
        if guess.is_identifier and guess is not key and guess.kind.name not in ("order_id",):
            share = guess.facts.distinct_share
            if guess.facts.filled_share >= 0.5 and share < PERSON_DISTINCT:
                return False, (
                    f"'{guess.facts.name}' has {percent(share)} different values: several rows are "
                    "of one person"
                )
    if names or key is None:
        return True, "identifiers hardly repeat"
    return False, "identifiers hardly repeat, but no row says who a person is"


def as_person_key(key: Guess, guesses: list[Guess], name: str) -> list[Guess]:
    """Take the key of a table of people for the customer number it is."""
    kind = KINDS_BY_NAME[name]
    why = "key of a table of people"
    return [Guess(key.facts, kind, 0.7, why) if guess is key else guess for guess in guesses]


def person_number(table_words: Sequence[str], guesses: Sequence[Guess]) -> str | None:
    """Return which number the key of a table of people is, None where another column is that."""
    for words, name in (
        ({"user", "users", "utilisateur", "utilisateurs", "usuario", "usuarios"}, "user_id"),
        ({"member", "members", "mitglied", "mitglieder"}, "loyalty_id"),
        ({"household", "households"}, "household_id"),
        (PEOPLE, "customer_id"),
    ):
        if set(table_words) & words:
            kinds = {guess.kind.name for guess in guesses}
            return None if name in kinds else name
    return None


def guess_table(all_facts: Sequence[Facts], table_words: Sequence[str]) -> TableGuess:
    """Return what a table is; `table_words` are the words of its name and of its file's name."""
    guesses = [settle_by_known(guess) for guess in guess_columns(all_facts)]
    key, key_why = find_key(guesses, table_words)
    by_key = key_is_person(key, guesses, table_words)
    if key is not None and by_key and not key.is_identifier:
        number = person_number(table_words, guesses)
        if number:
            guesses = as_person_key(key, guesses, number)
            key = next(guess for guess in guesses if guess.facts is key.facts)
    describes_people = rows_are_people(key, guesses, by_key)[1] == DESCRIBES
    if key is not None and describes_people and not any(each.is_identifier for each in guesses):
        why = "key of rows that describe people and have no other identifier"
        taken_for = Guess(key.facts, KINDS_BY_NAME["customer_id"], MEDIUM, why)
        guesses = [taken_for if guess is key else guess for guess in guesses]
        key = taken_for
    if key is not None and key.kind in (
        OPAQUE_KIND,
        NUMBER_KIND,
        COUNT_KIND,
        AMOUNT_KIND,
        RATE_KIND,
    ):
        # A key of its rows is neither an identifier of people nor a number to be added up.
        plain = replace(key, kind=FOREIGN_ID_KIND)
        guesses = [plain if guess is key else guess for guess in guesses]
        key = plain
    row_is_person, record_why = rows_are_people(key, guesses, by_key)
    return TableGuess(tuple(guesses), key, key_why, row_is_person, record_why)


__all__ = ["FLAG_KIND", "TIME", "Guess", "TableGuess", "guess_columns", "guess_table"]
