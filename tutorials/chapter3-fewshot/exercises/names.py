"""Names that nobody has, and the common words between them."""

SYLLABLES = ["bel", "dor", "fen", "gar", "lin", "mor", "nov", "pol", "ras", "tul", "ven", "zan"]
COMMON = ["said", "left", "met", "near", "thanked", "opened", "visited", "again"]


def made_up(random):
    """A name and the pieces that a tokenizer cuts it into."""
    parts = random.sample(SYLLABLES, random.randint(2, 3))
    return "".join(parts).capitalize(), [parts[0], *(f"##{part}" for part in parts[1:])]
