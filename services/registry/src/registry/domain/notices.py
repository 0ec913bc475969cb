"""What people are told of by message: the kinds of notices, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

Kind = Literal["invitation", "invoice", "deployment-failed", "webhook-disabled"]

WINDOW: Final = timedelta(days=3)
"""How long a message is tried; what was not handed over by then is given up."""
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=1)
WHY: Final[Mapping[str, str]] = {
    "failing": "the receiver has refused the same event for three days",
    "gone": "the receiver answered that it is gone (410)",
}


@dataclass(frozen=True)
class Message:
    """A message to one person, in plain text."""

    subject: str
    text: str


def compose(kind: Kind, about: Mapping[str, Any], *, secret: str | None = None, url: str | None = None) -> Message:
    """The words of a notice. `about` is what the fact said; `secret` is an invitation's; `url` is where Mortise is."""
    match kind:
        case "invitation":
            return _invitation(about, secret or "", url)
        case "invoice":
            return Message(
                f"Invoice {about['number']} of {_line(about['issuer_name'])}",
                f"Invoice {about['number']} for {_line(about['client_name'])}, {about['period']}.\n\n"
                f"Total: {about['total']} {about['currency']}\nDue: {about['due']}\n",
            )
        case "deployment-failed":
            return Message(
                f"Deployment of {_line(about['service'])} {_line(about['version'])} to {about['kind']} failed",
                f"The deployment of version {about['version']} of {_line(about['service'])} to {about['kind']} "
                f"failed; what ran before still runs.\n\n{about['code']}: {about['reason']}\n",
            )
        case "webhook-disabled":
            return Message(
                f"A webhook of {_line(about['organisation'])} is disabled",
                f"Events are no longer sent to {about['url']}: {WHY[about['reason']]}.\n\n"
                f"When it works again: mortise webhook enable {about['webhook']}\n"
                "Sending then goes on with the event that was refused; nothing is left out.\n",
            )


def pause(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts."""
    doubled = FIRST_PAUSE * (1 << min(attempts - 1, 20))
    return min(doubled, LONGEST_PAUSE)


def _invitation(about: Mapping[str, Any], secret: str, url: str | None) -> Message:
    organisation = _line(about["organisation"])
    what = (
        f"become {about['role']} of {organisation}"
        if about["role"]
        else f"follow the project {_line(about['project'])} of {organisation} as a client"
    )
    where = f"export MORTISE_URL={url}\n" if url else ""
    return Message(
        f"Invitation to {organisation}",
        f"You are invited to {what}.\n\nTo accept, until {about['until']}:\n\n{where}mortise invite accept {secret}\n\n"
        "The secret works once. If you did not expect this message, do nothing.\n",
    )


def _line(text: Any) -> str:
    """Somebody's words inside a line of ours."""
    return " ".join(str(text).split())
