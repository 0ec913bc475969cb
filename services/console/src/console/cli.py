"""The names of the commands."""

from __future__ import annotations

from typing import Final

import typer

from console.commands import history, keys, money, projects, pushing, rebuilding, services, sign
from console.commands.up import up

app: Final = typer.Typer(
    name="mortise",
    help="Cut a GraphQL service once; fit it into every project.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 1 refused, 2 wrong usage, 3 nobody answers, 4 a deployment failed.",
)
app.command()(up)
app.command()(sign.login)
app.command()(sign.logout)
app.command()(sign.whoami)
app.add_typer(services.app, name="service")
app.command()(pushing.push)
app.command()(services.promote)
app.add_typer(projects.app, name="project")
app.add_typer(keys.app, name="key")
app.command()(money.usage)
app.add_typer(money.invoices, name="invoice")
app.add_typer(history.app, name="audit")
app.command()(rebuilding.rebuild)
