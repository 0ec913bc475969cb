"""Reading along from the terminal: it goes on where it was, and ends when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from console import home, listening
from console.commands.events import events
from console.failures import Failure

OK = "text/event-stream; charset=utf-8"


class Script:
    """Answers to one request after the other; a body without an end breaks off."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []


@pytest.fixture
def script() -> Iterator[tuple[Script, home.Login]]:
    told = Script()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            status, body = told.answers.pop(0)
            self.send_response(status)
            self.send_header("content-type", OK if status == 200 else "application/json")
            if "end" not in body and status == 200:
                self.send_header("content-length", "9999")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told, home.Login(f"http://127.0.0.1:{server.server_port}", "pfy_x")
        server.shutdown()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(listening, "PAUSE_SECONDS", 0.001)


DONE = 'event: end\ndata: {"reason":"DONE","message":""}\n\n'


def test_after_a_broken_connection_it_goes_on_behind_what_it_has(script: tuple[Script, home.Login]) -> None:
    told, login = script
    told.answers = [
        (200, 'retry: 1\nid: 4\n\nid: 5\ndata: {"n":5}\n\n: beat\nid: 8\n\n'),
        (503, '{"errors":[{"message":"later","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}'),
        (200, 'id: 9\ndata: {"n":9}\n\nevent: end\ndata: {"code":"SERVICE_UNAVAILABLE","message":"stops"}\n\n'),
        (200, 'id: 12\ndata: {"n":12}\n\n' + DONE),
    ]

    got = list(listening.told(login, [("type", "*.x.*")], 4, follow=True))

    assert [(each.cursor, each.text) for each in got] == [(5, '{"n":5}'), (9, '{"n":9}'), (12, '{"n":12}')]
    assert [asked.rpartition("after=")[2] for asked in told.asked] == ["4", "8", "8", "9"]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, '{"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}]}', "UNAUTHENTICATED"),
        (
            200,
            'event: end\ndata: {"code":"UNAUTHENTICATED","reason":"CREDENTIAL_ENDED","message":"no"}\n\n',
            "UNAUTHENTICATED",
        ),
        (502, "<html>", "UNREACHABLE"),
    ],
)
def test_what_does_not_pass_ends_it(script: tuple[Script, home.Login], status: int, body: str, code: str) -> None:
    told, login = script
    told.answers = [(status, body)] * 5

    with pytest.raises(Failure) as failure:
        list(listening.told(login, [], None, follow=False))

    assert failure.value.code == code


def test_an_organisation_and_a_project_are_not_named_together() -> None:
    with pytest.raises(Failure) as failure:
        events(organisation="a", project="b")

    assert failure.value.code == "USAGE"
