"""The names of the commands."""

from __future__ import annotations

from typing import Final

import typer

from console.commands import (
    applying,
    approving,
    backup,
    clients,
    completing,
    data,
    history,
    instances,
    invites,
    keys,
    limits,
    members,
    money,
    organisations,
    paying,
    previews,
    projects,
    pushing,
    rebuilding,
    retiring,
    rolling,
    services,
    settings,
    sign,
    trash,
    undoing,
    versions,
    webhooks,
)
from console.commands.events import events
from console.commands.logs import logs
from console.commands.status import status
from console.commands.top import top
from console.commands.up import up

app: Final = typer.Typer(
    name="mortise",
    help="Cut a GraphQL service once; fit it into every project.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 1 refused, 2 wrong usage, 3 nobody answers, 4 a deployment failed.",
)
app.command()(up)
app.command()(status)
app.command()(top)
app.command()(sign.login)
app.command()(sign.logout)
app.command()(sign.whoami)
app.add_typer(services.app, name="service")
services.app.command("versions")(versions.list_)
services.app.command("promote")(services.promote)
services.app.command()(retiring.retire)
services.app.command()(retiring.unretire)
services.app.command()(retiring.remove)
app.command()(pushing.push)
app.command()(services.promote)
app.add_typer(projects.app, name="project")
projects.app.command()(settings.update)
projects.app.command()(settings.delete)
projects.app.command()(approving.requests)
projects.app.command()(approving.approve)
projects.app.command()(approving.refuse)
instances.app.command()(rolling.promote)
instances.app.command()(rolling.roll)
app.command()(undoing.undo)
app.add_typer(trash.app, name="trash")
projects.clients.command("list")(clients.list_)
projects.clients.command("remove")(clients.remove)
app.command()(applying.export)
app.command()(applying.apply)
app.add_typer(keys.app, name="key")
app.add_typer(limits.app, name="env")
app.add_typer(previews.app, name="preview")
app.add_typer(organisations.app, name="org")
app.add_typer(members.app, name="member")
app.add_typer(invites.app, name="invite")
app.add_typer(webhooks.app, name="webhook")
app.command()(money.usage)
app.add_typer(money.invoices, name="invoice")
instances.app.command("bill")(paying.bill)
app.add_typer(paying.payouts, name="payout")
app.add_typer(paying.platform, name="platform")
app.add_typer(data.app, name="db")
app.command()(logs)
app.add_typer(history.app, name="audit")
app.command()(events)
app.command()(rebuilding.rebuild)
app.add_typer(backup.app, name="backup")
app.command()(backup.restore)
app.command()(completing.completion)
