"""Members of a project: who should hold which role, beside who does."""

from __future__ import annotations

from typing import Any, Final

from console.declaration.present import Person, Present
from console.declaration.project import Declaration, fold, fold_address
from console.declaration.steps import Around, Found, Removal, Step, Trouble

RANK: Final = {"viewer": 0, "editor": 1, "admin": 2}


def changes(declared: Declaration, here: Present, around: Around, *, prune: bool) -> tuple[list[Found], list[Found]]:
    """What raises roles or gives new ones, and what lowers or takes them; `last` marks the caller's own."""
    if declared.members is None:
        return [], []
    raised: list[Found] = []
    lowered: list[Found] = []
    holders = {fold(each.name): each for each in here.people}
    wanted: dict[str, str] = {fold(each.user): each.role for each in declared.members}
    for number, member in enumerate(declared.members):
        holder = holders.get(fold(member.user))
        if holder is None:
            raised.append(_added(declared.project, number, member.user, member.role, around))
        elif holder.role != member.role:
            up = RANK[member.role] > RANK[holder.role]
            (raised if up else lowered).append(_changed(holder, member.role, around))
    invited = _expected(declared, here)
    for name, holder in holders.items():
        if name in wanted or holder.guest:
            continue
        if holder.grant in invited:
            wanted[name] = "viewer"
            lowered.append(_changed(holder, "viewer", around))
        else:
            lowered.append(_removed(holder, here, around))
            if not prune:
                wanted[name] = holder.role
    if "admin" not in wanted.values():
        raised.append(Trouble(("members",), "Nobody would be admin of the project. Make somebody admin."))
    return raised, lowered


def _expected(declared: Declaration, here: Present) -> set[str]:
    """Grants of people that the file has under their client."""
    said = {
        (fold(client.name), fold_address(each)) for client in declared.clients or () for each in client.invited or ()
    }
    return {
        one.grant
        for client in here.clients
        for one in client.invited
        if one.grant and (fold(client.name), fold_address(one.email)) in said
    }


def _added(project: str, number: int, user: str, role: str, around: Around) -> Found:
    known = around.users.get(fold(user))
    if known is None:
        message = f"You know nobody with the user name {user!r}. Invite the person to your organisation first."
        return Trouble(("members", number, "user"), message)
    values = {"user": known, "role": role}
    return Step("add_member", user, f"Make {user} {role} of {project}.", _risk(role), values=values)


def _changed(holder: Person, role: str, around: Around) -> Step:
    values: dict[str, Any] = {"grant": holder.grant, "user": holder.name, "role": role}
    values["last"] = fold(holder.name) == fold(around.me)
    return Step(
        "change_member", holder.name, f"{holder.name} is {holder.role}: make {role}.", _risk(role), values=values
    )


def _removed(holder: Person, here: Present, around: Around) -> Removal:
    values = {"grant": holder.grant, "user": holder.name, "last": fold(holder.name) == fold(around.me)}
    what = f"Take {holder.name}, who is {holder.role}, out of {here.slug}."
    loses = (f"{holder.name} is no longer {holder.role}",)
    return Removal(Step("remove_member", holder.name, what, "destructive", loses, values))


def _risk(role: str) -> Any:
    return "hazardous" if role == "admin" else "safe"
