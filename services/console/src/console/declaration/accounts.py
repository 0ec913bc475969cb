"""Clients with those invited for them, keys and webhooks: what a file says, beside what there is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from console.declaration.present import Hook, Invited, Opener, Payer, Present, over
from console.declaration.project import Client, Declaration, Key, Webhook, fold, fold_address
from console.declaration.steps import Found, Removal, Step, Trouble

CURRENCY: Final = "EUR"
ZONE: Final = "UTC"
FIRST_KEY: Final = "client"
"""Name of the key that a client gets when it is added."""
Identity = tuple[str, str, str, str]
"""What makes a key: kind, client, name and end. None of them can be changed."""


def clients(declared: Declaration, here: Present, *, prune: bool) -> Iterator[Found]:
    """New clients with their first key, invitations, and clients that the file does not have."""
    if declared.clients is None:
        return
    known = {fold(each.name): each for each in here.clients}
    for number, wanted in enumerate(declared.clients):
        payer = known.get(fold(wanted.name))
        if payer is None:
            yield _added(wanted)
            if prune and declared.keys is not None and not _asks_for_first(declared, wanted):
                values = {"client": wanted.name, "name": FIRST_KEY}
                what = f"Revoke the key that {wanted.name} was given: the file does not have it."
                yield Step("revoke_key", FIRST_KEY, what, "destructive", (f"the new key of {wanted.name}",), values)
        else:
            yield from _fixed(wanted, payer, number)
        yield from _invitations(wanted, payer, _followers(declared, here))
    said = {fold(each.name) for each in declared.clients}
    for payer in here.clients:
        if fold(payer.name) not in said:
            yield _removed(payer, here)


def keys(declared: Declaration, here: Present, now: datetime) -> Iterator[Found]:
    """Keys that are missing, and keys that the file does not have. Those of clients that go, go with them."""
    if declared.keys is None:
        return
    known = {fold(each.name) for each in here.clients}
    staying = {fold(each.name) for each in declared.clients} if declared.clients is not None else known
    have: dict[Identity, list[Opener]] = defaultdict(list)
    for opener in here.keys:
        have[_identity(opener)].append(opener)
    first = Counter(("client", name, FIRST_KEY, "") for name in staying - known)
    for number, wanted in enumerate(declared.keys):
        identity = _identity(wanted)
        if wanted.client is not None and fold(wanted.client) not in staying:
            yield Trouble(("keys", number, "client"), f"{declared.project} has no client {wanted.client!r}.")
        elif over(wanted.expires_at, now):
            continue
        elif have[identity]:
            have[identity].pop(0)
        elif first[identity]:
            first[identity] -= 1
        else:
            yield _issued(wanted)
    for opener in (each for left in have.values() for each in left):
        if opener.client is None or fold(opener.client) in staying:
            yield _revoked(opener)


def webhooks(declared: Declaration, here: Present) -> Iterator[Found]:
    """Webhooks by address: new ones, other types or words, switched on or off, and those the file does not have."""
    if declared.webhooks is None:
        return
    have: dict[str, list[Hook]] = defaultdict(list)
    for hook in sorted(here.webhooks, key=lambda each: each.stopped):
        have[hook.url].append(hook)
    left: list[Webhook] = []
    for wanted in declared.webhooks:
        same = next((each for each in have[wanted.url] if _same(wanted, each)), None)
        if same is None:
            left.append(wanted)
        else:
            have[wanted.url].remove(same)
    for wanted in left:
        if have[wanted.url]:
            yield from _changed(wanted, have[wanted.url].pop(0))
        else:
            yield _hooked(wanted)
    for hook in (each for rest in have.values() for each in rest):
        what = f"Remove the webhook to {hook.url}."
        loses = (f"{hook.url} is told nothing more",)
        yield Removal(Step("remove_webhook", hook.url, what, "destructive", loses, {"id": hook.id}))


def currency_of(declared: Declaration, here: Present, client: str) -> str | None:
    """The currency that a client pays in, new or there; None when there is no such client."""
    for wanted in declared.clients or ():
        if fold(wanted.name) == fold(client) and wanted.currency:
            return wanted.currency
    for payer in here.clients:
        if fold(payer.name) == fold(client):
            return payer.currency
    return CURRENCY if any(fold(each.name) == fold(client) for each in declared.clients or ()) else None


# --- clients ------------------------------------------------------------------------------------------------------


def _added(wanted: Client) -> Step:
    said = {"name": wanted.name, "email": wanted.email, "currency": wanted.currency, "timeZone": wanted.time_zone}
    what = f"Add the client {wanted.name}, who pays in {wanted.currency or CURRENCY}, with a key."
    values = {"input": {key: value for key, value in said.items() if value is not None}}
    return Step("add_client", wanted.name, what, values=values)


def _asks_for_first(declared: Declaration, client: Client) -> bool:
    first = ("client", fold(client.name), FIRST_KEY, "")
    return any(_identity(each) == first for each in declared.keys or ())


def _fixed(wanted: Client, payer: Payer, number: int) -> Iterator[Found]:
    """What a file says otherwise about a client that is there: it cannot be changed."""
    pairs = (
        ("email", "e-mail address", wanted.email, payer.email),
        ("currency", "currency", wanted.currency, payer.currency),
        ("timeZone", "time zone", wanted.time_zone, payer.zone),
    )
    for member, word, said, there in pairs:
        same = said == there or (member == "email" and said and there and fold_address(said) == fold_address(there))
        if said is not None and not same:
            message = f"The {word} of {payer.name} is {there or 'not known'} and stays so. Add another client instead."
            yield Trouble(("clients", number, member), message)


def _followers(declared: Declaration, here: Present) -> set[str]:
    """Grants of those who see the project only because they accepted an invitation."""
    named = {fold(each.user) for each in declared.members or ()}
    return {each.grant for each in here.people if each.guest and fold(each.name) not in named}


def _invitations(wanted: Client, payer: Payer | None, followers: set[str]) -> Iterator[Found]:
    if wanted.invited is None:
        return
    there = {fold_address(each.email): each for each in (payer.invited if payer else ())}
    for email in wanted.invited:
        if fold_address(email) not in there:
            what = f"Invite {email} to follow the project for {wanted.name}: a message is sent."
            yield Step("invite", email, what, "hazardous", values={"client": wanted.name, "email": email})
    said = {fold_address(email) for email in wanted.invited}
    for key, invited in there.items():
        if key not in said and (invited.open or invited.grant in followers):
            yield _uninvited(wanted, invited)


def _uninvited(client: Client, invited: Invited) -> Removal:
    if invited.open:
        what = f"Withdraw the invitation of {invited.email} for {client.name}."
        loses = (f"{invited.email} can no longer accept",)
        return Removal(Step("withdraw_invitation", invited.email, what, "destructive", loses, {"id": invited.id}))
    what = f"Take {invited.email}, who follows the project for {client.name}, out of it."
    loses = (f"{invited.email} no longer sees the project",)
    return Removal(Step("remove_member", invited.email, what, "destructive", loses, {"grant": invited.grant}))


def _removed(payer: Payer, here: Present) -> Removal:
    count = sum(each.client == payer.name for each in here.keys)
    what = f"Remove the client {payer.name}. What it owes stays owed."
    loses = (f"{count} key(s) of {payer.name} open nothing any more",)
    return Removal(Step("remove_client", payer.name, what, "destructive", loses, {"id": payer.id}))


# --- keys ---------------------------------------------------------------------------------------------------------


def _identity(key: Key | Opener) -> Identity:
    at = datetime.fromisoformat(key.expires_at).isoformat() if key.expires_at else ""
    return (key.kind, fold(key.client or ""), key.name, at)


def _issued(wanted: Key) -> Step:
    whose = f" for the calls of {wanted.client}" if wanted.client else ""
    until = f", until {wanted.expires_at}" if wanted.expires_at else ""
    values: dict[str, Any] = {
        "name": wanted.name,
        "kind": wanted.kind,
        "client": wanted.client,
        "expiresAt": wanted.expires_at,
    }
    what = f"Create the {wanted.kind} key {wanted.name}{whose}{until}."
    return Step("create_key", wanted.name, what, values=values)


def _revoked(opener: Opener) -> Removal:
    whose = f" of {opener.client}" if opener.client else ""
    what = f"Revoke the {opener.kind} key {opener.name}{whose}."
    loses = (f"{opener.name}{whose} opens nothing any more",)
    return Removal(Step("revoke_key", opener.name, what, "destructive", loses, {"id": opener.id}))


# --- webhooks -----------------------------------------------------------------------------------------------------


def _types(wanted: Webhook) -> tuple[str, ...]:
    return tuple(dict.fromkeys(wanted.types))


def _same(wanted: Webhook, hook: Hook) -> bool:
    words = (_types(wanted), wanted.description) == (hook.types, hook.description)
    # One that stopped by itself is neither on nor off because somebody said so.
    return words and (hook.stopped or wanted.enabled == hook.enabled)


def _hooked(wanted: Webhook) -> Step:
    values = {
        "input": {"url": wanted.url, "types": list(_types(wanted)), "description": wanted.description},
        "enabled": wanted.enabled,
    }
    off = "" if wanted.enabled else ", switched off"
    what = f"Add a webhook to {wanted.url} for {' '.join(_types(wanted))}{off}."
    return Step("add_webhook", wanted.url, what, "hazardous", values=values)


def _changed(wanted: Webhook, hook: Hook) -> Iterator[Found]:
    if (_types(wanted), wanted.description) != (hook.types, hook.description):
        said = {"types": list(_types(wanted)), "description": wanted.description or ""}
        what = f"Tell {wanted.url} of {' '.join(_types(wanted))}."
        yield Step("update_webhook", wanted.url, what, values={"id": hook.id, "input": said})
    if not hook.stopped and wanted.enabled != hook.enabled:
        what = f"Switch the webhook to {wanted.url} {'on' if wanted.enabled else 'off'}."
        yield Step("switch_webhook", wanted.url, what, values={"id": hook.id, "enabled": wanted.enabled})
