"""Signing in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console import documents, home, screen
from console.client import Client, signed_in
from console.failures import Failure, usage
from console.screen import Json


def login(
    *,
    email: Annotated[str | None, typer.Option("--email", "-e", help="E-mail address.")] = None,
    password: Annotated[str | None, typer.Option("--password", "-p", help="Asked for when left out.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Where Mortise is; default: where you last were.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Sign in as operator of the stack that runs in this directory.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Sign in. The session is kept in ~/.mortise, readable by you only."""
    if data:
        state = home.read_json(data / "state.json")
        if not state:
            raise usage(f"No stack runs in {data}.", "Start one with `mortise up --data DIR`.")
        login = home.Login(state["url"], state["admin_token"])
    else:
        where = (url or home.current().url).rstrip("/")
        words = {
            "email": screen.given(email, "--email", "E-mail"),
            "password": screen.given(password, "--password", "Password", hidden=True),
        }
        session = Client(home.Login(where)).ask(documents.SIGN_IN, **words)["signIn"]
        login = home.Login(where, session["token"])
    me = Client(login).ask(documents.ME)["me"]
    home.remember(login)
    screen.answer(
        {"url": login.url, "user": me},
        lambda: screen.out.print(f"Hello, {me['displayName'] or me['username']}.", markup=False),
        as_json=as_json,
    )


def logout(*, as_json: Json = False) -> None:
    """Sign out: end the session and forget it."""
    ended = False
    if home.current().token:
        try:
            ended = bool(signed_in().ask(documents.SIGN_OUT)["signOut"])
        except Failure as failure:
            # A session that is over, or a token, which is no session: there is nothing to end.
            if failure.code not in ("UNAUTHENTICATED", "BAD_USER_INPUT", "FORBIDDEN", "NOT_FOUND"):
                raise
    home.forget()
    screen.answer({"ended": ended}, lambda: screen.out.print("Signed out."), as_json=as_json)


def whoami(*, as_json: Json = False) -> None:
    """Say who is signed in."""
    client = signed_in()
    found = client.ask(documents.ME)
    me, organisations = found["me"], found["organisations"]
    of = ", ".join(each["name"] for each in organisations if each["myRole"]) or "no organisation"
    name = me["displayName"] or me["username"]
    screen.answer(
        {"url": client.url, "user": me, "organisations": organisations},
        lambda: screen.out.print(f"{name} <{me['email'] or 'no e-mail'}>, {of}, at {client.url}", markup=False),
        as_json=as_json,
    )
