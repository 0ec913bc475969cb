"""What every environment's database has before its first deployment, and the hash that names its template.

`fold` is what text is compared by: case and accents do not matter (DESIGN 4.3). It is not declared strict, although it
is, because PostgreSQL inlines only functions of which it can see that; inlined, plain text costs a tenth.

`refuse` is how a change is taken back inside the database, whatever stands after it: an objection becomes an error of
the state MO001, nothing passes through.
"""

from __future__ import annotations

import hashlib
from typing import Final

from common.sql import Sql, ident, sql

# Characters with a canonical combining class other than 0 in Unicode 14: accents, points, voicing marks.
COMBINING: Final = (
    "0300-034E 0350-036F 0483-0487 0591-05BD 05BF 05C1-05C2 05C4-05C5 05C7 0610-061A 064B-065F 0670 06D6-06DC "
    "06DF-06E4 06E7-06E8 06EA-06ED 0711 0730-074A 07EB-07F3 07FD 0816-0819 081B-0823 0825-0827 0829-082D "
    "0859-085B 0898-089F 08CA-08E1 08E3-08FF 093C 094D 0951-0954 09BC 09CD 09FE 0A3C 0A4D 0ABC 0ACD 0B3C 0B4D "
    "0BCD 0C3C 0C4D 0C55-0C56 0CBC 0CCD 0D3B-0D3C 0D4D 0DCA 0E38-0E3A 0E48-0E4B 0EB8-0EBA 0EC8-0ECB 0F18-0F19 "
    "0F35 0F37 0F39 0F71-0F72 0F74 0F7A-0F7D 0F80 0F82-0F84 0F86-0F87 0FC6 1037 1039-103A 108D 135D-135F "
    "1714-1715 1734 17D2 17DD 18A9 1939-193B 1A17-1A18 1A60 1A75-1A7C 1A7F 1AB0-1ABD 1ABF-1ACE 1B34 1B44 "
    "1B6B-1B73 1BAA-1BAB 1BE6 1BF2-1BF3 1C37 1CD0-1CD2 1CD4-1CE0 1CE2-1CE8 1CED 1CF4 1CF8-1CF9 1DC0-1DFF "
    "20D0-20DC 20E1 20E5-20F0 2CEF-2CF1 2D7F 2DE0-2DFF 302A-302F 3099-309A A66F A674-A67D A69E-A69F A6F0-A6F1 "
    "A806 A82C A8C4 A8E0-A8F1 A92B-A92D A953 A9B3 A9C0 AAB0 AAB2-AAB4 AAB7-AAB8 AABE-AABF AAC1 AAF6 ABED FB1E "
    "FE20-FE2F 101FD 102E0 10376-1037A 10A0D 10A0F 10A38-10A3A 10A3F 10AE5-10AE6 10D24-10D27 10EAB-10EAC "
    "10F46-10F50 10F82-10F85 11046 11070 1107F 110B9-110BA 11100-11102 11133-11134 11173 111C0 111CA 11235-11236 "
    "112E9-112EA 1133B-1133C 1134D 11366-1136C 11370-11374 11442 11446 1145E 114C2-114C3 115BF-115C0 1163F "
    "116B6-116B7 1172B 11839-1183A 1193D-1193E 11943 119E0 11A34 11A47 11A99 11C3F 11D42 11D44-11D45 11D97 "
    "16AF0-16AF4 16B30-16B36 16FF0-16FF1 1BC9E 1D165-1D169 1D16D-1D172 1D17B-1D182 1D185-1D18B 1D1AA-1D1AD "
    "1D242-1D244 1E000-1E006 1E008-1E018 1E01B-1E021 1E023-1E024 1E026-1E02A 1E130-1E136 1E2AE 1E2EC-1E2EF "
    "1E8D0-1E8D6 1E944-1E94A"
)
"""Ranges of code points in hexadecimal, `first-last`."""

_MARKS: Final = "".join("-".join(rf"\U{point:>08}" for point in each.split("-")) for each in COMBINING.split())

STATEMENTS: Final[tuple[Sql, ...]] = (
    sql("drop schema public"),
    sql("create schema app"),
    sql("create schema trash"),
    sql("create extension pg_trgm schema app"),
    sql(
        "create function app.fold_marked(t text) returns text language plpgsql immutable strict parallel safe as "
        "$$begin return pg_catalog.casefold(pg_catalog.regexp_replace("
        "pg_catalog.normalize(t, 'NFKD'), {marks}, '', 'g') collate pg_catalog.pg_unicode_fast); end$$",
        marks=Sql((f"'[{_MARKS}]'",)),
    ),
    sql(
        "create function app.fold(t text) returns text language sql immutable parallel safe "
        "return case when octet_length(t) = char_length(t) then lower(t) else app.fold_marked(t) end"
    ),
    sql(
        "create function app.instant(at timestamptz) returns text language sql immutable parallel safe "
        "return to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    ),
    sql(
        "create function app.instants(ats timestamptz[]) returns text[] language sql immutable strict parallel safe "
        "return (select coalesce(array_agg(app.instant(at) order by n), '{{}}') from unnest(ats) with ordinality as "
        "each (at, n))"
    ),
    # Numbers beyond what jsonb holds are compared as they were written.
    sql(
        "create function app.other_json(a text, b text) returns bool language plpgsql immutable as "
        "$$begin if a is not distinct from b then return false; end if; "
        "if pg_catalog.pg_input_is_valid(a, 'jsonb') and pg_catalog.pg_input_is_valid(b, 'jsonb') then "
        "return a::jsonb is distinct from b::jsonb; end if; return true; end$$"
    ),
    # Strict: without an objection it is not even called.
    sql(
        "create function app.refuse(verdict text) returns text language plpgsql strict as "
        "$$begin raise exception using errcode = 'MO001', message = verdict; end$$"
    ),
    sql("create table app._mortise (model_sha text, step int4 not null)"),
    sql("create unique index _mortise_key on app._mortise ((true))"),
    sql("insert into app._mortise (model_sha, step) values (null, 0)"),
)


def named() -> str:
    """Name of the template database: another content, another name."""
    text = "\n".join(statement.text for statement in STATEMENTS)
    return f"env_template_{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def opened(role: str) -> tuple[Sql, ...]:
    """What lets the environment's role in: it reads and writes rows in `app` and makes nothing anywhere."""
    name = ident(role)
    return (
        sql("grant usage on schema app to {role}", role=name),
        sql("grant select on app._mortise to {role}", role=name),
    )
