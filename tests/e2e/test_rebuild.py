"""Everything but the log can be thrown away: read models are replayed from the first event, and nobody can tell."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from common.clock import new_id
from tests.support.stack import ALL, Stack

MAKE_PROJECT = "mutation($name: String!) { createProject(input: {name: $name}) { id slug } }"
MAKE_SERVICE = """mutation($name: String!) { createService(input: {name: $name, problem: "It is missing",
  solution: "It is here", domain: Other, tags: ["rebuild"]}) { service { id slug } } }"""
ADD_CLIENT = """mutation($project: ID!, $name: String!) {
  addClient(projectId: $project, input: {name: $name, email: "payer@shop.example"}) { client { id } } }"""
MAKE_KEY = """mutation($project: ID!, $name: String!) {
  createKey(input: {name: $name, kind: project, target: $project}) { key { id } } }"""

PROJECT = """query($slug: String!) { project(slug: $slug) { id name description createdAt myRole
  clients { id name email currency } keys { id name prefix kind revoked createdAt } instances { id } } }"""
PROJECTS = """query($offset: Int!, $direction: OrderDirection!) { projects(order: {field: "created_at",
  direction: $direction}, pagination: {limit: 3, offset: $offset}) { id name slug } }"""
SERVICES = "query($search: String!) { services(search: $search) { id slug rank versions { name notes } } }"
ENVIRONMENTS = """query($service: ID!) { environments(service: $service) { id name state version endpoint
  deployments { id version status plan { number kind subject grade } } } }"""
ENTRIES = """query($after: Cursor) { auditEntries(first: 5, after: $after) { totalCount
  edges { cursor node { id index type subject leafHash leaf changes actor { id username } } } } }"""
QUERIES = 200


def declare(stack: Stack) -> tuple[list[str], list[str]]:
    """Slugs of new projects, ids of new services."""
    slugs, services = [], []
    for number in range(4):
        made = stack.asked(MAKE_PROJECT, {"name": f"Rebuilt {number} {new_id()[-8:]}"})["createProject"]
        slugs.append(made["slug"])
        stack.asked(ADD_CLIENT, {"project": made["id"], "name": "Payer"})
        stack.asked(MAKE_KEY, {"project": made["id"], "name": "Second key"})
    for number in range(2):
        made = stack.asked(MAKE_SERVICE, {"name": f"Rebuilt {number} {new_id()[-8:]}"})["createService"]["service"]
        services.append(made["id"])
    return slugs, services


def settled(stack: Stack, services: list[str]) -> None:
    """All environments run what was declared, so that nothing moves between two recordings."""

    def all_ready() -> bool:
        # Right after it was made a busy provisioner may not have heard of a service yet.
        found = [
            (stack.query(ENVIRONMENTS, {"service": one}).get("data") or {}).get("environments") for one in services
        ]
        return all(each["state"] == "ready" for environments in found for each in environments or [{"state": None}])

    stack.until(all_ready, 60, "the services' environments to be ready")


def asked(slugs: list[str], services: list[str], cursors: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Two hundred questions to the registry, the provisioner and audit."""
    kinds: list[tuple[str, dict[str, Any]]] = []
    kinds += [(PROJECT, {"slug": slug}) for slug in slugs]
    kinds += [(PROJECTS, {"offset": n, "direction": way}) for n in range(30) for way in ("ASC", "DESC")]
    kinds += [(SERVICES, {"search": word}) for word in ("rebuilt", "miss", "rebuild here", "nothing of this")]
    kinds += [(ENVIRONMENTS, {"service": service}) for service in services]
    kinds += [(ENTRIES, {"after": cursor}) for cursor in cursors]
    return (kinds * (QUERIES // len(kinds) + 1))[:QUERIES]


def recorded(stack: Stack, questions: list[tuple[str, dict[str, Any]]]) -> list[bytes]:
    headers = {"Authorization": f"Bearer {stack.admin_token}"}
    answers = []
    for query, variables in questions:
        answer = stack.http.post("/query", json={"query": query, "variables": variables}, headers=headers)
        assert b'"errors"' not in answer.content, answer.text
        answers.append(answer.content)
    return answers


def positions(stack: Stack) -> list[str]:
    """Cursors far enough in the past that new checkpoints do not move their pages."""
    cursors = []
    after = None
    for _ in range(6):
        page = stack.asked(ENTRIES, {"after": after})["auditEntries"]
        after = page["edges"][-1]["cursor"]
        cursors.append(after)
    return cursors


def without_counts(answer: bytes) -> bytes:
    """The answer; the number of all entries grows with every signed checkpoint and is left out."""
    body = json.loads(answer)
    body["data"].get("auditEntries", {}).pop("totalCount", None)
    return json.dumps(body).encode()


def test_a_rebuild_from_zero_gives_the_same_tables_and_the_same_answers(stack: Stack) -> None:
    slugs, services = declare(stack)
    settled(stack, services)
    questions = asked(slugs, services, positions(stack))
    before = recorded(stack, questions)

    words = [sys.executable, "-m", "common.operate", "--data", str(stack.data), "--rebuild", "*", *ALL]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    after = recorded(stack, questions)

    assert done.returncode == 0, done.stdout + done.stderr
    rebuilt = [each for report in json.loads(done.stdout).values() for each in report["rebuilt"]]
    assert len(rebuilt) >= len(ALL), "every service has a read model"
    assert all(each["equal"] for each in rebuilt), rebuilt
    assert list(map(without_counts, after)) == list(map(without_counts, before))
