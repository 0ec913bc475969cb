"""GraphQL over HTTP as its working group audits it: every MUST and every SHOULD of npm's graphql-http (G 7.1).

The packages are installed from the lock file into the user's cache the first time; nothing of them stays in the tree.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.door import Door, Live

HERE: Final = Path(__file__).parent / "http_audits"
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mortise-tests"
LOCKS: Final = ("package.json", "package-lock.json")
AUDITS: Final = 61


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder that holds graphql-http, exactly as the lock file says."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is not installed: the audits of GraphQL over HTTP need Node.js 18 or newer.")
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LOCKS)).hexdigest()[:12]
    folder = CACHE / f"http-audits-{digest}"
    if not folder.exists():
        fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
        fresh.mkdir(parents=True)
        for name in LOCKS:
            shutil.copy(HERE / name, fresh)
        words = ["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(words, cwd=fresh, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(fresh)
            pytest.fail(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        try:
            fresh.rename(folder)
        except OSError:
            # Somebody else was faster, and made the same.
            shutil.rmtree(fresh)
    return folder


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
