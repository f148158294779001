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
cli.command("carwire.cli.vin:verbs", name="vin", help="Say what VINs say.")
cli.command("carwire.cli.api:api", help="Run a server that answers; workers do the rest.")
cli.command("carwire.cli.worker:worker", help="Poll cars and deliver webhooks beside servers that answer.")
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
    ("create", "webhooks:create", "Make a webhook, and ask its receiver to prove itself."),
    ("list", "webhook_looks:show_all", "List an application's webhooks."),
    ("show", "webhook_looks:show", "Show one webhook, how far it is behind, and what failed last."),
    ("change", "webhooks:change", "Change a webhook."),
    ("verify", "webhook_verbs:verify", "Ask its receiver to prove itself."),
    ("pause", "webhook_verbs:pause", "Stop deliveries."),
    ("resume", "webhook_verbs:resume", "Go on with deliveries."),
    ("rotate", "webhook_verbs:rotate", "Draw a new signing secret; the old one overlaps."),
    ("replay", "webhook_verbs:replay", "Send deliveries once more."),
    ("doctor", "webhook_doctor:doctor", "Say why it is told nothing, or what is wrong with a signature."),
    ("delete", "webhooks:delete", "Delete a webhook with its subscriptions and deliveries."),
):
    webhook_verbs.command(f"carwire.cli.{function}", name=verb, help=sentence)
cli.command(webhook_verbs)
cli.command("carwire.cli.listen:listen", help="Print events as they happen, and forward them to a URL.")
cli.command("carwire.cli.conformance:conformance", help="Say what of this wire holds at a server.")
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
api_key_verbs = App(name="key", help="Manage the keys of the lookup API.")
for verb, function, sentence in (
    ("create", "create", "Make a key for an application and print it, this once."),
    ("list", "show", "List the keys and what they may do."),
    ("revoke", "revoke", "End a key at once."),
):
    api_key_verbs.command(f"carwire.cli.api_keys:{function}", name=verb, help=sentence)
cli.command(api_key_verbs)
register_verbs = App(name="register", help="Import what authorities publish of cars.")
for verb, function, sentence in (
    ("import", "import_register", "Import a register's file."),
    ("list", "show", "List what was imported."),
    ("formats", "show_formats", "List the formats that are known."),
    ("remove", "remove", "Delete what was imported."),
):
    register_verbs.command(f"carwire.cli.registers:{function}", name=verb, help=sentence)
cli.command(register_verbs)
catalogue_verbs = App(name="catalogue", help="Import vehicles that lookups choose among.")
catalogue_verbs.command("carwire.cli.catalogues:import_catalogue", name="import", help="Import a catalogue.")
cli.command(catalogue_verbs)
lookup_verbs = App(name="lookup", help="Say which vehicles VINs are.")
lookup_verbs.command("carwire.cli.lookups:vin", name="vin", help="Look up VINs.")
lookup_verbs.command("carwire.cli.lookups:batch", name="batch", help="Look up a file of VINs.")
cli.command(lookup_verbs)
cli.command("carwire.cli.api_keys:usage", name="usage", help="Say what the keys were used for.")
audit_verbs = App(name="audit", help="Check the audit.")
audit_verbs.command("carwire.cli.audits:verify", name="verify", help="Check that no line was changed or is missing.")
cli.command(audit_verbs)
cli.command("carwire.cli.backups:backup", help="Write the database to a file, while servers go on.")
cli.command("carwire.cli.backups:restore", help="Fill an empty database from such a file.")
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
