"""Operations that are really called and that another version breaks: which were looked at, who calls them, and how.

Registry decides on it; billing told who called, the gateway what is valid (contracts.documents).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from common.errors import BAD_USER_INPUT, SERVICE_UNAVAILABLE, Refused
from contracts.documents import Reason, Sent, Stake, ToldBreaks, ToldUses, Use
from contracts.names import EnvironmentKind

SENT_MAX: Final = 500
"""Operations that are looked at, the most called first."""
TOLD_MAX: Final = 20
"""Operations that a refusal names; a preview lists all."""


@dataclass(frozen=True)
class Finding:
    """An operation that breaks."""

    digest: str
    names: tuple[str, ...]
    reasons: tuple[Reason, ...]
    uses: tuple[Use, ...]

    @property
    def certain(self) -> bool:
        """Whether it breaks whatever is sent in its variables."""
        return any(reason.certain for reason in self.reasons)

    @property
    def calls(self) -> int:
        """Of all callers."""
        return sum(use.calls for use in self.uses)


@dataclass(frozen=True)
class Breaks:
    """What callers of the last days would meet. `checked` is False when nobody could say; then the rest is empty."""

    checked: bool = True
    operations: int = 0
    """Looked at."""
    unchecked: int = 0
    """Operations that could not be looked at."""
    unchecked_calls: int = 0
    """Their calls, and those of operations that were too many to be told apart."""
    findings: tuple[Finding, ...] = ()

    @property
    def certain(self) -> tuple[Finding, ...]:
        """What breaks whatever is sent in variables."""
        return tuple(one for one in self.findings if one.certain)


UNKNOWN: Final = Breaks(checked=False)


def sent(told: ToldUses, running: Mapping[str, str]) -> tuple[Sent, ...]:
    """What to look at, the most called first. `running` is the model of every environment that would notice."""
    calls: dict[str, int] = {}
    models: dict[str, dict[str, None]] = {}
    for use in told.uses:
        if use.environment in running:
            calls[use.digest] = calls.get(use.digest, 0) + use.calls
            models.setdefault(use.digest, {})[running[use.environment]] = None
    order = sorted(calls, key=lambda digest: (-calls[digest], digest))
    return tuple(Sent(digest=digest, models=tuple(models[digest])) for digest in order[:SENT_MAX])


def found(uses: ToldUses, running: Mapping[str, str], asked: Sequence[Sent], told: ToldBreaks) -> Breaks:
    """The answers of billing and the gateway put together, what is called most first."""
    looked = {one.digest for one in asked} - set(told.unknown)
    concerned = [use for use in uses.uses if use.environment in running]
    unchecked = [use for use in concerned if use.digest not in looked]
    reasons: dict[str, dict[str | None, Reason]] = {}
    names: dict[str, tuple[str, ...]] = {}
    models: dict[str, set[str]] = {}
    for one in told.broken:
        names[one.digest] = one.names
        models.setdefault(one.digest, set()).add(one.model)
        for reason in one.reasons:
            reasons.setdefault(one.digest, {}).setdefault(reason.coordinate, reason)
    findings = [
        Finding(
            digest,
            names[digest],
            tuple(reasons[digest].values()),
            tuple(use for use in concerned if use.digest == digest and running[use.environment] in models[digest]),
        )
        for digest in reasons
    ]
    return Breaks(
        operations=len(looked),
        unchecked=len({use.digest for use in unchecked}),
        unchecked_calls=sum(use.calls for use in unchecked) + uses.unlisted,
        findings=tuple(sorted(findings, key=lambda one: (not one.certain, -one.calls, one.digest))),
    )


# --- who may see it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Caller:
    """Whose calls break; of a project that one may not see only the organisation is told, as in payouts."""

    organisation: str
    kind: EnvironmentKind
    calls: int
    last_ms: int
    stakes: tuple[Stake, ...]
    project: str | None = None
    instance: str | None = None
    client: str | None = None
    credential: str | None = None


def callers(uses: Iterable[Use], visible: Collection[str]) -> list[Caller]:
    """Callers of an operation, who calls most first. `visible` are the projects whose inside may be told."""
    apart: dict[tuple[Any, ...], list[Use]] = {}
    for use in uses:
        inside = use.project is None or use.project in visible
        who = (use.project, use.instance, use.client, use.credential) if inside else (None,) * 4
        apart.setdefault((use.organisation, use.kind, *who), []).append(use)
    listed = [
        Caller(
            organisation=organisation,
            kind=kind,
            calls=sum(use.calls for use in some),
            last_ms=max(use.last_ms for use in some),
            stakes=tuple(_together(stake for use in some for stake in use.stakes)),
            project=project,
            instance=instance,
            client=client,
            credential=credential,
        )
        for (organisation, kind, project, instance, client, credential), some in apart.items()
    ]
    return sorted(listed, key=lambda one: -one.calls)


def _together(stakes: Iterable[Stake]) -> list[Stake]:
    """One for each plan and currency. A monthly price is not for the calls of one caller, so the highest stands."""
    whole: dict[tuple[str, str], Decimal] = {}
    for stake in stakes:
        key = (stake.plan, stake.currency)
        exact, before = Decimal(stake.amount), whole.get(key, Decimal(0))
        whole[key] = max(before, exact) if stake.plan == "MONTHLY" else before + exact
    return [
        Stake.model_validate({"plan": plan, "amount": _plain(exact), "currency": currency})
        for (plan, currency), exact in sorted(whole.items())
    ]


def _plain(exact: Decimal) -> str:
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- refusals -----------------------------------------------------------------------------------------------------


def breaking(environment: str, version: str, seen: Breaks) -> Refused:
    """The refusal of a version that breaks operations which callers of the environment really send."""
    certain = seen.certain
    calls = sum(one.calls for one in certain)
    what = "1 operation" if len(certain) == 1 else f"{len(certain)} operations"
    return Refused(
        BAD_USER_INPUT,
        f"Version {version} would break {what} that {environment} answered {calls} times in the last 30 days.",
        "Look at who calls them in a preview, keep what they use, or repeat with force if that is what you want.",
        reason="BREAKS_CALLERS",
        details={
            "environment": environment,
            "version": version,
            "calls": calls,
            "operations": [
                {
                    "hash": one.digest,
                    "names": list(one.names),
                    "calls": one.calls,
                    "reasons": [reason.model_dump() for reason in one.reasons],
                }
                for one in certain[:TOLD_MAX]
            ],
        },
    )


def unsaid() -> Refused:
    """The refusal while nobody can say what breaks."""
    return Refused(
        SERVICE_UNAVAILABLE,
        "It cannot be found out at the moment whether callers would break; nothing was changed.",
        "Try again in a moment, or repeat with force if it cannot wait.",
        reason="NOTHING_DONE",
    )
