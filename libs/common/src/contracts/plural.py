"""The plural of a type's name, which list queries carry (G 5.1).

The gateway names `all<Plural>` with it, and the registry refuses two types whose plurals are the same. The first rule
whose pattern matches the end of the word wins; case is ignored and the letters that stay keep theirs.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_UNCHANGED: Final = """fish ois sheep deer pox itis bison flounder pliers bream gallows proceedings breeches graffiti
rabies britches headquarters salmon carp herpes scissors chassis high-jinks sea-bass clippers homework series cod
innings shears contretemps jackanapes species corps mackerel swine debris measles trout diabetes mews tuna djinn mumps
whiting eland news wildebeest elk pincers sugar"""

_DEMONYMS: Final = """human German alabaman bahaman burman hiroshiman liman nakayaman norman oklahoman panaman selman
sonaman tacoman yakiman yokohaman yuman"""

_ES: Final = """acropolis aegis alias asbestos bathos bias bronchitis bursitis caddis cannabis canvas chaos cosmos dais
digitalis epidermis ethos gas glottis ibis lens mantis marquis metropolis pathos pelvis polis rhinoceros sassafras
trellis atlas iris status apparatus prospectus sinus hiatus impetus plexus cantus coitus nexus"""

_GREEK_MA: Final = """anathema bema carcinoma charisma diploma dogma drama edema enema enigma gumma lemma lymphoma magma
melisma miasma oedema sarcoma schema soma stigma stoma trauma"""

_OS: Final = """solo soprano basso alto contralto tempo piano virtuoso albino archipelago armadillo commando crescendo
ditto dynamo embryo fiasco generalissimo ghetto guano inferno jumbo lumbago magneto manifesto medico octavo photo pro
quarto canto lingo stylo rhino casino auto macro zero"""


def _ends(words: str) -> str:
    return "(?:" + "|".join(map(re.escape, words.split())) + ")"


# (pattern of the whole word, what takes the place of its last group's text). Group 1 stays as it is.
_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern + "$", re.IGNORECASE), ending)
    for pattern, ending in (
        (rf"(.*{_ends(_UNCHANGED)})", ""),
        (r"(.*child)", "ren"),
        (r"(.*ephemer)is", "ides"),
        (r"(.*mytho)s", "i"),
        (r"(.*soliloqu)y", "ies"),
        (r"(.*trilby)", "s"),
        (r"(.*gen)us", "era"),
        (r"(.*quiz)", "zes"),
        (r"(.*(?:beef|brother|cow|genie|money))", "s"),
        (r"(.*octopus|opus)", "es"),
        (rf"(.*{_ends(_DEMONYMS)})", "s"),
        (r"(.*m)an", "en"),
        (r"(.*[lm])ouse", "ice"),
        (r"(.*t)ooth", "eeth"),
        (r"(.*g)oose", "eese"),
        (r"(.*f)oot", "eet"),
        (r"(.*zo)on", "a"),
        (r"(.*[csx])is", "es"),
        (r"(.*(?:cod|mur|sil))ex", "ices"),
        (r"(.*(?:rad|hel))ix", "ices"),
        (r"(.*(?:bacteri|agend|desiderat|errat|strat|dat|ov|extrem|candelabr))um", "a"),
        (r"(.*(?:criteri|phenomen|perihel|aphel|noumen|organ|asyndet|hyperbat|prolegomen))on", "a"),
        (r"(.*(?:alumna|alga|vertebra|persona))", "e"),
        (r"(.*(?:alumn|alveol|bacill|bronch|loc|nucle|stimul|menisc|thesaur))us", "i"),
        (r"(.*(?:ch|sh|z|x))", "es"),
        (rf"(.*{_ends(_ES)})", "es"),
        (r"(.*us)", "es"),
        (rf"(.*{_ends(_GREEK_MA)})", "s"),
        (r"(.*ss)", "es"),
        (r"(.*[aeo]l)f", "ves"),
        (r"(.*[^d]ea)f", "ves"),
        (r"(.*ar)f", "ves"),
        (r"(.*(?:ni|li|wi))fe", "ves"),
        (r"(.*[aeiou]y)", "s"),
        (r"(.*)y", "ies"),
        (rf"(.*{_ends(_OS)})", "s"),
        (r"(.*[aeiou]o)", "s"),
        (r"(.*o)", "es"),
        (r"(.*s)", "es"),
        (r"(.*)", "s"),
    )
)


@cache
def plural(name: str) -> str:
    """The plural, its first letter capitalised: `Todo` is `Todoes`, `Child` is `Children`, `Person` is `Persons`."""
    for pattern, ending in _RULES:
        if match := pattern.match(name):
            word = match[1] + ending
            return word[:1].upper() + word[1:]
    raise AssertionError("the last rule matches every word")
