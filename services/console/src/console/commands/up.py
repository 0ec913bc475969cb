"""The whole of Mortise on this machine, in the foreground."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Final

import typer

from console import home, screen
from console.client import Client
from console.demo import setting_up
from console.demo.setting_up import Demo
from console.failures import Failure, usage
from console.screen import Json

READY_SECONDS_MAX: Final = 120.0
LOOK_SECONDS: Final = 0.05
STEPS: Final = {
    "service": "music-store: create",
    "push": "music-store: push",
    "publish": "music-store: promote",
    "project": "corner-shop: create, add music-store",
    "promote": "corner-shop: promote to prod",
    "rows": "loading the Chinook data set through the data API",
    "calls": "some calls on prod",
}


class _Stop(KeyboardInterrupt):
    """Somebody wants it to end. Of this kind, because an event loop lets no other through."""


def up(
    *,
    data: Annotated[Path, typer.Option("--data", help="Data directory.")] = Path(".mortise"),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the public door; 0: any free one.")
    ] = 4000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Gateway processes.")] = 1,
    demo: Annotated[bool, typer.Option("--demo", help="With a service and real data in it.")] = False,
    as_json: Json = False,
) -> None:
    """Start Mortise: servers, services, and with --demo a service with real data. Control-C stops it."""
    began = time.monotonic()
    command = [sys.executable, "-m", "common.devstack", "--data", str(data), "--port", str(port)]
    with _stack([*command, "--workers", str(workers), "--with-parent"]) as child:
        state = _ready(child, data)
        client = Client(home.Login(state["url"], state["admin_token"]))
        made = _demo(client, data) if demo else None
        if as_json:
            print(json.dumps(_told(state, made), indent=1), flush=True)
        else:
            _show(state, made, data, seconds=time.monotonic() - began)
        child.wait()
        if child.returncode:
            raise Failure(f"The stack ended with code {child.returncode}.", code="STACK_ENDED")


@contextmanager
def _stack(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The stack as a child; a signal to this process ends it in order, a second one does not wait."""
    # A session of its own: Control-C reaches this process only, which passes it on once.
    child = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own module
    reader = threading.Thread(target=_pass_on, args=(child,), daemon=True)
    reader.start()
    asked = 0

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if child.poll() is None:
            child.send_signal(number)
        if asked == 1:
            raise _Stop

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield child
    except _Stop:
        screen.say("stopping")
    finally:
        if child.poll() is None:
            child.terminate() if not asked else None
        _until_ended(child)
        reader.join(timeout=1)
        if child.stdout and not reader.is_alive():
            child.stdout.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _until_ended(child: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            child.wait()
        except _Stop:
            continue  # the signal was passed on already
        return


def _pass_on(child: subprocess.Popen[bytes]) -> None:
    assert child.stdout, "it is a pipe"
    for line in child.stdout:
        screen.err.print(line.decode(errors="replace").rstrip(), style="dim", markup=False)


def _ready(child: subprocess.Popen[bytes], data: Path) -> dict[str, Any]:
    deadline = time.monotonic() + READY_SECONDS_MAX
    with screen.err.status("starting"):
        # The file may be that of an earlier run, or of a stack that runs in this directory already.
        while (state := home.read_json(data / "state.json")).get("pids", {}).get("devstack") != child.pid:
            if child.poll() is not None:
                raise Failure("Mortise did not start.", "The reason stands above.", code="STACK_ENDED")
            if time.monotonic() > deadline:
                raise Failure(f"Mortise is not ready after {READY_SECONDS_MAX:.0f} seconds.", f"Look into {data}/logs.")
            time.sleep(LOOK_SECONDS)  # another process says when it is ready, by a file
    return state


def _demo(client: Client, data: Path) -> Demo:
    with screen.err.status("demo") as status:
        began = time.monotonic()

        def told(step: str) -> None:
            status.update(STEPS[step])
            screen.err.print(f"{time.monotonic() - began:6.1f} s  {STEPS[step]}", style="dim", markup=False)

        def counted(there: int, of: int) -> None:
            status.update(f"{STEPS['rows']}: {there} of {of}")

        try:
            return setting_up.ensure(client, data, told=told, counted=counted)
        except OSError as error:
            raise usage(f"{data} cannot be written: {error}") from None


def _show(state: dict[str, Any], demo: Demo | None, data: Path, *, seconds: float) -> None:
    screen.out.print(f"[bold green]Mortise is ready[/] after {seconds:.1f} s: {state['url']}")
    screen.out.print(f"  control API  {state['url']}/query", markup=False)
    screen.out.print(f"  operator     {state['operator']['email']}", markup=False)
    screen.out.print(f"  sign in      mortise login --data {shlex.quote(str(data))}", markup=False)
    if demo is None:
        return
    screen.out.print("\n[bold]The demo[/]: service music-store, project corner-shop, the Chinook data set")
    for name in ("private", "demo", "dev", "prod"):
        screen.out.print(f"  {name:<12} {setting_up.data_url(demo, name)}", markup=False)
    keys = (("service", demo.service_key, "private"), ("project", demo.project_key, "dev and prod"))
    for kind, key, opens in (*keys, ("client", demo.client_key, "prod, on the client's bill")):
        screen.out.print(f"  {kind + ' key':<12} {key}  ({opens})", markup=False)
    screen.out.print("\n[bold]Try it[/]")
    for line in curls(state, demo):
        screen.out.print(f"\n{line}", markup=False)


def curls(state: dict[str, Any], demo: Demo) -> list[str]:
    """Three commands that work when pasted: what is on offer, a look at the books, and what it costs."""
    return [
        _curl(
            setting_up.data_url(demo, "prod"),
            demo.client_key,
            "{ allArtists(first: 3, orderBy: name_ASC) { name albums(first: 2) { title tracks(first: 2) { name } } } }",
        ),
        _curl(
            setting_up.data_url(demo, "dev"),
            demo.project_key,
            "{ allInvoices(first: 2, orderBy: total_DESC) { total customer { lastName country } lines { quantity } } }",
        ),
        _curl(
            f"{state['url']}/query",
            state["admin_token"],
            f'{{ invoice(project: "{demo.project}", client: "{demo.client}") {{ clientName calls subtotal }} }}',
        ),
    ]


def _curl(url: str, token: str, query: str) -> str:
    body = json.dumps({"query": query})
    words = (
        "curl",
        "-s",
        url,
        "-H",
        "content-type: application/json",
        "-H",
        f"authorization: Bearer {token}",
        "-d",
        body,
    )
    return shlex.join(words)


def _told(state: dict[str, Any], demo: Demo | None) -> dict[str, Any]:
    value: dict[str, Any] = {"url": state["url"], "operator": state["operator"]["email"]}
    if demo:
        urls = {name: setting_up.data_url(demo, name) for name in demo.endpoints}
        keys = {"service": demo.service_key, "project": demo.project_key, "client": demo.client_key}
        ids = {"service": demo.service, "project": demo.project, "instance": demo.instance, "client": demo.client}
        value["demo"] = {**ids, "urls": urls, "keys": keys, "curls": curls(state, demo)}
    return value
