"""The largest operations that pass the limits run, or are refused in the words of the dialect."""

from __future__ import annotations

from tests.integration.gateway.engine.conftest import Open
from tests.support.cases import prepared, seed


async def test_the_widest_and_the_longest_operations_are_answered(environments: Open) -> None:
    client = await environments(prepared("music").model)
    await client.data(seed("music"))
    wide = " ".join(f"a{n}: name" for n in range(4_900))
    answer = await client.data(f"{{ allBands(first: 1) {{ {wide} }} }}")
    assert len(answer["allBands"][0]) == 4_900
    many = ", ".join('{ name: "x" }' for _ in range(3_000))
    assert await client.data(f'{{ allBands(filter: {{ OR: [{many}, {{ slug: "karst" }}] }}) {{ slug }} }}') == {
        "allBands": [{"slug": "karst"}]
    }
    deep = "albums { band { " * 9 + "slug" + " } }" * 9
    assert "errors" in await client.ask(f"{{ allBands(first: 1) {{ {deep} }} }}")
    deep = "albums(first: 1) { band { " * 8 + "slug" + " } }" * 8
    assert (await client.ask(f"{{ allBands(first: 1) {{ {deep} }} }}"))["data"]["allBands"]
    creates = " ".join(f'm{n}: createFan(email: "{n}@example.test") {{ id }}' for n in range(200))
    assert len(await client.data(f"mutation {{ {creates} }}")) == 200
    texts = ["x" * 262_144, "é" * 262_144]
    stored = await client.data(
        "mutation ($a: String!, $b: String!) { createBand(slug: $a, name: $b) { slug name } }",
        {"a": texts[0], "b": texts[1]},
    )
    assert [stored["createBand"]["slug"], stored["createBand"]["name"]] == texts
    code, _ = await client.failure(
        "mutation ($a: String!) { createBand(slug: $a, name: $a) { id } }", {"a": "x" * 191 + "another end"}
    )
    assert code == 3010
