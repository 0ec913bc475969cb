"""The life of an invitation: sent, sent again, accepted once or withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from common import clock
from common.errors import Refused
from contracts import people as said
from registry.domain import invitations
from registry.domain.invitations import InvitationEvent

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
END = clock.text(NOW + invitations.LIFE)


def sent() -> said.InvitationSent:
    return said.InvitationSent(
        invitation="i",
        organisation="o",
        kind="member",
        role="member",
        email="sealed",
        email_hash="e",
        inviter="u",
        token_hash="h1",
        number=1,
        expires_at=END,
    )


def resent() -> said.InvitationResent:
    return said.InvitationResent(invitation="i", organisation="o", token_hash="h2", number=2, expires_at=END)


WITHDRAWN = said.InvitationWithdrawn(invitation="i", organisation="o")
ACCEPTED = said.InvitationAccepted(invitation="i", organisation="o", user="new")


def accepted(
    history: list[InvitationEvent], token_hash: str, at: datetime, user: str = "new"
) -> InvitationEvent | None:
    return invitations.accept(invitations.fold(history), user=user, token_hash=token_hash, at=at)


def test_it_is_accepted_once_and_a_repeat_by_the_same_user_says_nothing() -> None:
    assert accepted([sent()], "h1", NOW) == ACCEPTED
    assert accepted([sent(), ACCEPTED], "h1", NOW) is None


@pytest.mark.parametrize(
    ("history", "token_hash", "late", "user"),
    [
        ([], "h1", 0, "new"),
        ([sent()], "h0", 0, "new"),
        ([sent()], "h1", 7, "new"),
        ([sent(), resent()], "h1", 0, "new"),
        ([sent(), WITHDRAWN], "h1", 0, "new"),
        ([sent(), ACCEPTED], "h1", 0, "another"),
    ],
)
def test_every_secret_that_opens_nothing_is_refused_alike(
    history: list[InvitationEvent], token_hash: str, late: int, user: str
) -> None:
    with pytest.raises(Refused) as refused:
        accepted(history, token_hash, NOW + timedelta(days=late), user)

    assert str(refused.value) == str(invitations.unknown())


def test_another_secret_takes_the_place_of_the_first_but_not_within_a_minute() -> None:
    known = invitations.fold([sent()])

    with pytest.raises(Refused) as refused:
        invitations.resend(known, token_hash="h2", expires_at=END, at=NOW + timedelta(seconds=30))
    assert refused.value.details == {"retryAfterSeconds": 31}
    again = invitations.resend(known, token_hash="h2", expires_at=END, at=NOW + timedelta(minutes=1))

    assert (again.number, again.token_hash) == (2, "h2")


def test_what_is_over_is_not_sent_again_nor_withdrawn() -> None:
    over = invitations.fold([sent(), ACCEPTED])

    for verb in (
        lambda: invitations.withdraw(over),
        lambda: invitations.resend(over, token_hash="h", expires_at=END, at=NOW),
    ):
        with pytest.raises(Refused) as refused:
            verb()
        assert refused.value.reason == "CONFLICT"
    assert invitations.withdraw(invitations.fold([sent(), WITHDRAWN])) is None


def test_a_secret_is_one_invitations_and_one_numbers_and_looks_like_one() -> None:
    made = {invitations.secret(b"k", name, number) for name in ("i", "j") for number in (1, 2)}

    assert len(made) == 4
    assert all(map(invitations.fits, made))
    assert not invitations.fits("inv_x")


def test_an_organisation_cannot_fill_the_worlds_mailboxes() -> None:
    invitations.room(invitations.RECENT_MAX - 1)

    with pytest.raises(Refused) as refused:
        invitations.room(invitations.RECENT_MAX)

    assert refused.value.reason == "TOO_MANY"
