"""Valid things made through the public door: people, services, projects, so that a test can be about one bad one."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.support.stack import Stack

PASSWORD: Final = "a long pass phrase"
SCHEMA: Final = """
type Band @model {
  id: ID! @isUnique
  name: String! @isUnique
  founded: Int
  fame: Float
  since: DateTime
  extra: Json
  albums: [Album!]! @relation(name: "BandAlbums")
}
type Album @model { id: ID! @isUnique title: String band: Band @relation(name: "BandAlbums") }
"""
READY_SECONDS_MAX: Final = 60.0

ENVIRONMENTS: Final = """query($service: ID, $instance: ID) {
  environments(service: $service, instance: $instance) { id name state reason version declaredVersion endpoint }
}"""


def short() -> str:
    """Some letters that nobody else uses."""
    return secrets.token_hex(4)


@dataclass
class Person:
    """Somebody with a credential, who reads what he has written (DESIGN 2.10)."""

    stack: Stack
    token: str
    id: str = ""
    organisation: str = ""
    email: str = ""
    position: int = 0
    sent: dict[str, str] = field(default_factory=dict)
    """Further headers of every request."""

    def query(self, document: str, variables: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """The whole answer; header names with underscores."""
        body = json.dumps({"query": document, "variables": dict(variables or {})})
        answer: dict[str, Any] = self.post(body.encode(), **headers).json()
        return answer

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        """Any bytes to the control API."""
        sent = {"content-type": "application/json", "mortise-position": str(self.position), **self.sent}
        sent |= {"authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.stack.http.post("/query", content=body, headers=sent)
        self.position = max(self.position, int(answer.headers.get("mortise-position", "0")))
        return answer

    def asked(self, document: str, variables: Mapping[str, Any] | None = None, **headers: str) -> Any:
        """The value of the one root field of an answer that must hold no errors."""
        answer = self.query(document, variables, **headers)
        assert "errors" not in answer, answer["errors"]
        (value,) = answer["data"].values()
        return value

    def refused(self, document: str, variables: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """Message and extensions of the first error of an answer that must have one."""
        return first_error(self.query(document, variables, **headers))

    # --- what he makes ---

    def service(self, name: str | None = None) -> dict[str, Any]:
        """A service of his organisation, live on private and demo; `key` is its developer key."""
        document = """mutation($name: String!, $organisation: ID) { createService(input: {
          name: $name, problem: "p", solution: "s", domain: Media, tags: [], organisation: $organisation }) {
            service { id slug } developerKey { secret key { id } } } }"""
        made = self.asked(document, {"name": name or f"Service {short()}", "organisation": self.organisation})
        key = made["developerKey"]
        for kind in ("private", "demo"):
            self.live(kind, service=made["service"]["id"])
        return {**made["service"], "key": key["secret"], "key_id": key["key"]["id"]}

    def pushed(self, service: Mapping[str, Any], schema: str = SCHEMA) -> dict[str, Any]:
        """Push a schema and wait until private serves it; the environment."""
        version = self.asked(PUSH, push_of(service, schema))["name"]
        return self.live("private", version, service=service["id"])

    def project(self, **more: Any) -> dict[str, Any]:
        """A project of his organisation."""
        given = {"name": f"Project {short()}", "organisation": self.organisation, **more}
        document = "mutation($i: CreateProjectInput!) { createProject(input: $i) { id slug } }"
        made: dict[str, Any] = self.asked(document, {"i": given})
        return made

    def added(self, project: Mapping[str, Any], service: Mapping[str, Any]) -> str:
        """The service in the project, live on dev; the instance's id."""
        made = self.asked(ADD, {"project": project["id"], "service": service["id"]})
        self.live("dev", instance=made["id"])
        return str(made["id"])

    def environments(self, **of: str) -> dict[str, dict[str, Any]]:
        """Environments by name, of a `service` or an `instance`."""
        return {each["name"]: each for each in self.asked(ENVIRONMENTS, of)}

    def live(self, kind: str, version: str | None = None, **of: str) -> dict[str, Any]:
        """Wait until an environment serves (that version); what it is then. Fails when its deployment does."""

        def serves() -> dict[str, Any] | None:
            here = self.environments(**of).get(kind)
            assert here is None or here["state"] != "failed", here
            return here if here and here["state"] == "ready" and version in {None, here["version"]} else None

        found: dict[str, Any] = until(serves)
        return found


PUSH: Final = "mutation($i: PushServiceInput!) { pushService(input: $i) { id name } }"
ADD: Final = "mutation($project: ID!, $service: ID!) { addService(projectId: $project, serviceId: $service) { id } }"
PROMOTE: Final = """mutation($id: ID!, $from: EnvironmentName!, $to: EnvironmentName!) {
  promoteInstance(id: $id, from: $from, to: $to) { id } }"""


def push_of(service: Mapping[str, Any], schema: str, **more: Any) -> dict[str, Any]:
    """Variables of PUSH."""
    return {"i": {"service": service["id"], "schema": schema, "notes": ["n"], "force": True, **more}}


def person(stack: Stack, organisation: str | None = None) -> Person:
    """A new user who has signed in; owner of an organisation of his own unless one is given."""
    name = short()
    email = f"{name}@example.org"
    register = """mutation($i: RegisterUserInput!, $o: ID) { registerUser(input: $i, organisation: $o) { id } }"""
    given = {"email": email, "username": f"u{name}", "password": PASSWORD}
    id_ = operator(stack).asked(register, {"i": given, "o": organisation})["id"]
    sign_in = "mutation($e: String!, $p: String!) { signIn(email: $e, password: $p) { token } }"
    token = nobody(stack).asked(sign_in, {"e": email, "p": PASSWORD})["token"]
    made = Person(stack, token, id_, organisation or "", email)
    made.organisation = organisation or made.asked("{ organisations { id } }")[0]["id"]
    return made


@dataclass(frozen=True)
class Scene:
    """A service in a project; the instance runs on dev alone."""

    maker: Person
    service: dict[str, Any]
    project: dict[str, Any]
    instance: str


def a_scene(stack: Stack) -> Scene:
    """A new one, of a new person."""
    maker = person(stack)
    service, project = maker.service(), maker.project()
    return Scene(maker, service, project, maker.added(project, service))


def operator(stack: Stack) -> Person:
    """The operator."""
    return Person(stack, stack.admin_token)


def nobody(stack: Stack) -> Person:
    """Somebody without a credential."""
    return Person(stack, "")


def first_error(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Message and extensions of the first error; fails when there is none."""
    assert answer.get("errors"), answer
    error = answer["errors"][0]
    return {"message": error["message"], **error["extensions"]}


def until(so: Callable[[], Any], seconds: float = READY_SECONDS_MAX) -> Any:
    """The first true value; each look is a request, which is pause enough."""
    deadline = time.monotonic() + seconds
    while not (value := so()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s"
    return value
