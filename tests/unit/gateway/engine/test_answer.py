"""Bodies, verdicts and SQL errors in the words of the dialect."""

from __future__ import annotations

from gateway.engine import Again, Call, Engine, Failure, Request, finish, settled
from gateway.engine.answer import constraints, explain
from tests.support.cases import prepared

FAILURE = Failure("UniqueConstraintViolation", "twice", 3010)


def called(text: str) -> Call:
    made = Engine(prepared("music")).call(Request(text))
    assert isinstance(made, Call), made
    return made


def test_what_the_database_wrote_stands_in_the_body_unread() -> None:
    call = called('{ a: Band(id: "x") { id } b: Band(id: "y") { id } }')
    assert finish(call, ['{"id": not json', None], "http", "r") == b'{"data":{"a":{"id": not json,"b":null}}'


def test_a_failed_field_is_null_and_the_others_keep_their_data() -> None:
    call = called('mutation { a: deleteFan(id: "x") { id } b: deleteFan(id: "y") { id } }')
    assert finish(call, ["{}", FAILURE], "simple", "r9") == (
        b'{"data":{"a":{},"b":null},"errors":[{"message":"twice","locations":[{"line":1,"column":41}],"path":["b"],'
        b'"code":3010,"requestId":"r9"}]}'
    )
    assert b'"extensions":{"code":3010,"name":"UniqueConstraintViolation","requestId":"r9"}' in finish(
        call, ["{}", FAILURE], "http", "r9"
    )


def test_a_failed_field_that_cannot_be_null_takes_the_data_with_it() -> None:
    call = called("{ allBands { id } __typename }")
    assert finish(call, [FAILURE, settled(call.roots[1])], "http", "r").startswith(b'{"data":null,"errors":')


def test_a_verdict_says_why_not() -> None:
    engine = Engine(prepared("music"))
    call = called('mutation { updateBand(id: "b", fansIds: ["x"]) { id fans { id } } }')
    (root,) = call.roots
    missing = engine.judge(root, "0:b", call.variables)
    assert isinstance(missing, Failure)
    assert (missing.number, missing.message) == (3002, "'Band' has no item with id 'b'")
    unknown = engine.judge(root, "1:x", call.variables)
    assert isinstance(unknown, Failure)
    assert unknown.message.endswith(" x")
    assert engine.judge(root, "moved", call.variables) is Again.MOVED


def test_a_verdict_without_an_id_names_the_one_that_was_asked_for() -> None:
    engine = Engine(prepared("music"))
    call = engine.call(Request('mutation ($id: ID!) { updateFan(id: $id, email: "x") { id } }', None, {"id": "f"}))
    assert isinstance(call, Call)
    failure = engine.judge(call.roots[0], "0", call.variables)
    assert isinstance(failure, Failure)
    assert failure.message == "'Fan' has no item with id 'f'"


def test_an_sql_error_means_what_its_constraint_means() -> None:
    known = constraints(prepared("music").model)
    model = prepared("music").model
    fan, album = model.entity_by_name["Fan"], model.entity_by_name["Album"]
    relation = next(one for one in model.relations if one.name == "BandAlbums")
    unique = explain(known, "23505", f"{fan.table}_{fan.field_by_name['email'].column}_key", "Key (...)=(...) exists.")
    assert isinstance(unique, Failure)
    assert unique.message == "A unique constraint would be violated on Fan. Details: Field name = email"
    key = f"{album.table}_{relation.column}_fkey"
    absent = explain(known, "23503", key, f'Key ({relation.column})=(nobody) is not present in table "t1".')
    assert isinstance(absent, Failure)
    assert (absent.number, absent.message.endswith(" nobody")) == (3011, True)
    for state in ("23503", "23001"):
        held = explain(known, state, key, 'Key (id)=(x) is still referenced from table "t2".')
        assert isinstance(held, Failure)
        assert held.number == 3032
    assert explain(known, "42703", None, None) is Again.MOVED
    assert explain(known, "40001", None, None) is Again.RETRY
    assert explain(known, "22012", None, None) is None
