"""English plurals, as the names of list queries have them: first rule that matches the end of the word wins (G 5.1)."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_UNCHANGED: Final = (
    "fish ois sheep deer pox itis bison flounder pliers bream gallows proceedings breeches graffiti rabies britches "
    "headquarters salmon carp herpes scissors chassis high-jinks sea-bass clippers homework series cod innings shears "
    "contretemps jackanapes species corps mackerel swine debris measles trout diabetes mews tuna djinn mumps whiting "
    "eland news wildebeest elk pincers sugar"
)
_WHOLE: Final = (
    ("child", "children"), ("ephemeris", "ephemerides"), ("mythos", "mythoi"), ("soliloquy", "soliloquies"),
    ("trilby", "trilbys"), ("genus", "genera"), ("quiz", "quizzes"), ("beef", "beefs"), ("brother", "brothers"),
    ("cow", "cows"), ("genie", "genies"), ("money", "moneys"), ("octopus", "octopuses"), ("opus", "opuses"),
)  # fmt: skip
_DEMONYMS: Final = (
    "human german alabaman bahaman burman hiroshiman liman nakayaman norman oklahoman panaman selman sonaman tacoman "
    "yakiman yokohaman yuman"
)
_ENDINGS: Final = (
    ("man", "men"), ("louse", "lice"), ("mouse", "mice"), ("tooth", "teeth"), ("goose", "geese"), ("foot", "feet"),
    ("zoon", "zoa"), ("cis", "ces"), ("sis", "ses"), ("xis", "xes"),
)  # fmt: skip
_LATIN: Final = (
    (("codex", "murex", "silex"), "ex", "ices"),
    (("radix", "helix"), "ix", "ices"),
    (("bacterium", "agendum", "desideratum", "erratum", "stratum", "datum", "ovum", "extremum", "candelabrum"),
     "um", "a"),
    (("perihelion", "aphelion", "phenomenon", "prolegomenon", "noumenon", "organon", "asyndeton", "hyperbaton",
      "criterion"), "on", "a"),
    (("alumna", "alga", "vertebra", "persona"), "a", "ae"),
    (("alumnus", "alveolus", "bacillus", "bronchus", "locus", "nucleus", "stimulus", "meniscus", "thesaurus"),
     "us", "i"),
)  # fmt: skip
_WITH_ES: Final = (
    "acropolis aegis alias asbestos bathos bias bronchitis bursitis caddis cannabis canvas chaos christmas cosmos "
    "dais digitalis epidermis ethos gas glottis ibis iris lens mantis marquis metropolis pathos pelvis polis "
    "rhinoceros sassafras trellis atlas status apparatus prospectus"
)
_GREEK: Final = (
    "anathema enema oedema bema enigma sarcoma carcinoma gumma schema charisma lemma soma diploma lymphoma stigma "
    "dogma magma stoma drama melisma trauma edema miasma"
)
_WITH_OS: Final = (
    "solo soprano basso alto contralto tempo piano virtuoso albino archipelago armadillo commando crescendo fiasco "
    "ditto dynamo embryo ghetto guano inferno jumbo lumbago magneto manifesto medico octavo photo pro quarto canto "
    "lingo generalissimo stylo rhino casino auto macro zero"
)


def plural(word: str) -> str:
    """The plural of a word; the case of its letters is kept."""
    for pattern, replacement in _rules():
        changed, count = pattern.subn(replacement, word, count=1)
        if count:
            return changed
    return word + "s"


@cache
def _rules() -> tuple[tuple[re.Pattern[str], str], ...]:
    rules = [(_any(_UNCHANGED.split()), r"\1")]
    rules += [(re.compile(rf"(?i)({old[0]}){old[1:]}$"), rf"\g<1>{new[1:]}") for old, new in _WHOLE]
    rules += [(_any(_DEMONYMS.split()), r"\1s")]
    rules += [(re.compile(rf"(?i)({old[0]}){old[1:]}$"), rf"\g<1>{new[1:]}") for old, new in _ENDINGS]
    for words, old, new in _LATIN:
        stems = "|".join(word.removesuffix(old) for word in words)
        rules.append((re.compile(rf"(?i)({stems}){old}$"), rf"\g<1>{new}"))
    rules += [(re.compile(r"(?i)(ch|sh|z|x)$"), r"\1es")]
    rules += [(_any(_WITH_ES.split()), r"\1es"), (re.compile(r"(?i)(us)$"), r"\1es")]
    rules += [(_any(_GREEK.split()), r"\1s"), (re.compile(r"(?i)(ss)$"), r"\1es")]
    rules += [
        (re.compile(r"(?i)([aeo]l)f$"), r"\1ves"),
        (re.compile(r"(?i)((?<!d)ea)f$"), r"\1ves"),
        (re.compile(r"(?i)(ar)f$"), r"\1ves"),
        (re.compile(r"(?i)([nlw]i)fe$"), r"\1ves"),
        (re.compile(r"(?i)([aeiou]y)$"), r"\1s"),
        (re.compile(r"(?i)y$"), "ies"),
        (_any(_WITH_OS.split()), r"\1s"),
        (re.compile(r"(?i)([aeiou]o)$"), r"\1s"),
        (re.compile(r"(?i)(o)$"), r"\1es"),
        (re.compile(r"(?i)(s)$"), r"\1es"),
    ]
    return tuple(rules)


def _any(words: list[str]) -> re.Pattern[str]:
    return re.compile(f"(?i)({'|'.join(words)})$")
