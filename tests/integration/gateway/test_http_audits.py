"""GraphQL over HTTP as its working group audits it: every MUST and every SHOULD of npm's graphql-http (G 7.1).

The packages are installed from the lock file into the user's cache the first time; nothing of them stays in the tree.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.door import Door, Live
from tests.support.packages import installed

HERE: Final = Path(__file__).parent / "http_audits"
AUDITS: Final = 61


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder that holds graphql-http, exactly as the lock file says."""
    return installed(HERE)


async def audited(url: str, packages: Path) -> list[dict[str, Any]]:
    words = ["node", str(HERE / "audits.mjs"), url]
    process = await asyncio.create_subprocess_exec(
        *words, cwd=packages, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, problems = await process.communicate()
    assert process.returncode == 0, problems.decode()
    found: list[dict[str, Any]] = json.loads(out)
    return found


async def test_every_audit_of_graphql_over_http_passes(door: Door, packages: Path) -> None:
    live: Live = await door.environment("type Note @model { id: ID! @isUnique text: String }", "dev")
    await door.open_to_all(live)

    found = await audited(f"{door.stack.url}{live.path}", packages)

    assert len(found) == AUDITS
    assert [one for one in found if one["status"] != "ok"] == []
