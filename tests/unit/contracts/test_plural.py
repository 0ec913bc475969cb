"""List queries bear the plural of their type's name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from contracts.plural import plural


@pytest.mark.parametrize(
    ("one", "many"),
    [
        *[("Todo", "Todoes"), ("Hobby", "Hobbies"), ("Person", "Persons"), ("Photo", "Photos"), ("Video", "Videos")],
        *[("Hero", "Heroes"), ("Status", "Statuses"), ("Settings", "Settingses"), ("News", "News")],
        *[("Address", "Addresses"), ("Child", "Children"), ("Woman", "Women"), ("Leaf", "Leaves"), ("Data", "Datas")],
        *[("Human", "Humans"), ("Mouse", "Mice"), ("Axis", "Axes"), ("Knife", "Knives"), ("Wolf", "Wolves")],
        *[("Toy", "Toys"), ("Genus", "Genera"), ("Ephemeris", "Ephemerides"), ("Analysis", "Analyses")],
        *[("Church", "Churches"), ("Box", "Boxes"), ("Criterion", "Criteria"), ("Schema", "Schemas")],
        *[("MediaType", "MediaTypes"), ("InvoiceLine", "InvoiceLines"), ("Playlist", "Playlists")],
    ],
)
def test_the_plural_follows_the_dialect(one: str, many: str) -> None:
    assert plural(one) == many


UNCHANGED = """
Catfish Chamois Sheep Reindeer Smallpox Arthritis Bison Flounder Pliers Bream Gallows Proceedings Breeches Graffiti
Rabies Britches Headquarters Salmon Carp Herpes Scissors Chassis Clippers Homework TimeSeries Cod Innings Shears
Contretemps Jackanapes Species Corps Mackerel Swine Debris Measles Trout Diabetes Mews Tuna Djinn Mumps Whiting
Eland News Wildebeest Elk Pincers Sugar NEWS
"""


@pytest.mark.parametrize("word", [*UNCHANGED.split(), "high-jinks", "sea-bass"])
def test_some_words_are_their_own_plural(word: str) -> None:
    assert plural(word) == word[0].upper() + word[1:]


@pytest.mark.parametrize(
    ("one", "many"),
    [
        *[("Grandchild", "Grandchildren"), ("Mythos", "Mythoi"), ("Soliloquy", "Soliloquies"), ("Trilby", "Trilbys")],
        *[("Quiz", "Quizzes"), ("Beef", "Beefs"), ("Brother", "Brothers"), ("Cow", "Cows"), ("Genie", "Genies")],
        *[("Money", "Moneys"), ("Octopus", "Octopuses"), ("Opus", "Opuses")],
    ],
)
def test_a_few_words_have_a_plural_of_their_own(one: str, many: str) -> None:
    assert plural(one) == many


@pytest.mark.parametrize("word", ["Human", "German", "Alabaman", "Burman", "Norman", "Oklahoman", "Panaman", "Yuman"])
def test_humans_and_people_of_a_place_just_get_an_s(word: str) -> None:
    assert plural(word) == f"{word}s"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        *[("Man", "Men"), ("Salesman", "Salesmen"), ("Louse", "Lice"), ("Dormouse", "Dormice"), ("Tooth", "Teeth")],
        *[("Goose", "Geese"), ("Foot", "Feet"), ("Protozoon", "Protozoa"), ("Crisis", "Crises"), ("Praxis", "Praxes")],
        ("Glacis", "Glaces"),
    ],
)
def test_old_english_and_greek_words_change_inside(one: str, many: str) -> None:
    assert plural(one) == many


@pytest.mark.parametrize(
    ("one", "many"),
    [
        *[("Codex", "Codices"), ("Murex", "Murices"), ("Silex", "Silices"), ("Radix", "Radices"), ("Helix", "Helices")],
        *[("Bacterium", "Bacteria"), ("Agendum", "Agenda"), ("Desideratum", "Desiderata"), ("Erratum", "Errata")],
        *[("Stratum", "Strata"), ("Datum", "Data"), ("Ovum", "Ova"), ("Extremum", "Extrema")],
        *[("Candelabrum", "Candelabra"), ("Criterion", "Criteria"), ("Phenomenon", "Phenomena")],
        *[("Alumna", "Alumnae"), ("Alga", "Algae"), ("Vertebra", "Vertebrae"), ("Persona", "Personae")],
        *[("Alumnus", "Alumni"), ("Alveolus", "Alveoli"), ("Bacillus", "Bacilli"), ("Bronchus", "Bronchi")],
        *[("Locus", "Loci"), ("Nucleus", "Nuclei"), ("Stimulus", "Stimuli"), ("Meniscus", "Menisci")],
        ("Thesaurus", "Thesauri"),
    ],
)
def test_learned_words_keep_their_latin_or_greek_plural(one: str, many: str) -> None:
    assert plural(one) == many


@pytest.mark.parametrize("word", ["Batch", "Dish", "Waltz", "Fax", "Alias", "Atlas", "Bias", "Canvas", "Chaos", "Gas"])
def test_hissing_words_get_es(word: str) -> None:
    assert plural(word) == f"{word}es"


@pytest.mark.parametrize("word", ["Lens", "Iris", "Apparatus", "Prospectus", "Campus", "Glass", "Tennis", "Class"])
def test_words_that_end_in_s_get_es(word: str) -> None:
    assert plural(word) == f"{word}es"


@pytest.mark.parametrize("word", ["Schema", "Stigma", "Drama", "Diploma", "Toy", "Essay", "Solo", "Soprano", "Basso"])
def test_words_in_ma_and_vowel_y_and_musical_o_get_an_s(word: str) -> None:
    assert plural(word) == f"{word}s"


O_WORDS = """Alto Tempo Piano Virtuoso Albino Archipelago Armadillo Commando Embryo Fiasco Ghetto Inferno Jumbo
Manifesto Photo Pro Quarto Lingo Stylo Rhino Casino Auto Macro Zero Radio Studio"""


@pytest.mark.parametrize("word", O_WORDS.split())
def test_some_words_in_o_get_an_s_and_so_does_every_vowel_with_o(word: str) -> None:
    assert plural(word) == f"{word}s"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        *[("Calf", "Calves"), ("Shelf", "Shelves"), ("Wolf", "Wolves"), ("Sheaf", "Sheaves"), ("Deaf", "Deafs")],
        *[("Scarf", "Scarves"), ("Knife", "Knives"), ("Life", "Lives"), ("Housewife", "Housewives"), ("Roof", "Roofs")],
        *[("Category", "Categories"), ("Echo", "Echoes"), ("Potato", "Potatoes"), ("Band", "Bands")],
    ],
)
def test_f_and_y_and_o_turn_into_ves_and_ies_and_oes(one: str, many: str) -> None:
    assert plural(one) == many


@settings(deadline=None)
@given(some.from_regex("[A-Z][A-Za-z0-9]{0,63}", fullmatch=True))
def test_every_type_name_has_a_plural(name: str) -> None:
    assert plural(name)
