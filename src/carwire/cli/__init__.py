"""The command line: one module per group of verbs, loaded when its verb is used.

A refusal (bad input, a port that is taken) is one line on standard error and status 1; a wrong call of a command is
status 2.
"""

from __future__ import annotations

import sys

from cyclopts import App

from carwire import __version__
from carwire.core.errors import CarwireError

cli = App(
    name="carwire",
    help="The open vehicle API server: one API to every car, on your own machine.",
    version=__version__,
    version_flags=["--version"],
)
cli.command("carwire.cli.up:up", help="Run the server.")
cli.command("carwire.cli.vin:vin", help="Say what VINs say.")
cli.command("carwire.cli.compatibility:compatibility", help="Say whether cars can be connected, and why.")
application_verbs = App(name="app", help="Manage the applications that may ask this server.")
for verb, function, sentence in (
    ("create", "create", "Register an application and print its secrets, this once."),
    ("list", "show", "List the applications."),
    ("rotate-secret", "rotate_secret", "Draw a new client secret; the old one stops working."),
    ("rotate-management-token", "rotate_management_token", "Draw a new management token."),
    ("draw-v3-secret", "draw_v3_secret", "Draw a new secret for tokens of API v3; old ones overlap."),
    ("list-v3-secrets", "list_v3_secrets", "List the secrets for tokens of API v3."),
    ("delete-v3-secret", "delete_v3_secret", "End a secret for tokens of API v3, and its tokens."),
    ("change", "change", "Change redirect URIs, and what the application demands in Connect."),
    ("delete", "delete", "Delete an application."),
):
    application_verbs.command(f"carwire.cli.applications:{function}", name=verb, help=sentence)
cli.command(application_verbs)
webhook_verbs = App(name="webhook", help="Manage an application's webhooks.")
for verb, function, sentence in (
    ("create", "create", "Keep a webhook that vehicles can be subscribed to."),
    ("list", "show", "List an application's webhooks."),
    ("delete", "delete", "Delete a webhook with its subscriptions."),
):
    webhook_verbs.command(f"carwire.cli.webhooks:{function}", name=verb, help=sentence)
cli.command(webhook_verbs)
cli.command("carwire.cli.listen:listen", help="Print events as they happen, and forward them to a URL.")
migrate_verbs = App(name="migrate", help="Move from v2.0 to v3.")
migrate_verbs.command(
    "carwire.cli.migrate:report", name="report", help="Say which v2.0 calls are made, and what replaces them."
)
cli.command(migrate_verbs)
key_verbs = App(name="keys", help="Manage the keys that seal secrets.")
for verb, function, sentence in (
    ("list", "show", "List the keys and how much each seals."),
    ("rotate", "rotate", "Draw a new key and seal everything with it."),
    ("retire", "retire", "Drop the keys that seal nothing any more."),
):
    key_verbs.command(f"carwire.cli.keys:{function}", name=verb, help=sentence)
cli.command(key_verbs)
simulator_verbs = App(name="sim", help="Drive the simulated cars.")
for verb, function, sentence in (
    ("list", "show_cars", "List the simulated cars, or the scenarios."),
    ("show", "show", "Show the signals of one car."),
    ("set", "change", "Let a car begin a scenario, or set something on it by hand."),
    ("step", "step", "Move the world's clock on."),
    ("run", "run", "Run one car, printing what changes."),
    ("command", "command", "Give a car a command."),
    ("fault", "fault", "Let something go wrong with a car's connection."),
    ("reset", "reset", "Begin a new world."),
):
    simulator_verbs.command(f"carwire.cli.simulator:{function}", name=verb, help=sentence)
cli.command(simulator_verbs)


def main() -> None:
    """Run the command line and end the process with its status."""
    try:
        cli()
    except CarwireError as error:
        print(f"carwire: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
        sys.exit(0)
