"""Applications and their secrets. The paths are known, the bodies are not: what is written here is our own reading in
the form of the other resources. A secret itself is never part of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.applications import Application, ClientSecret, machine_id
from carwire.wire.v3 import paging
from carwire.wire.v3.asking import Params, check_filters
from carwire.wire.v3.envelope import Created, Listed, PreviewListed, SelfLink, Single, View, listed, single, stamp
from carwire.wire.v3.paging import Page

PATH: Final = "/applications"


class ApplicationAttributes(msgspec.Struct, frozen=True, rename="camel"):
    """What an application is. Its id is the client id of v2.0."""

    name: str
    redirect_uris: tuple[str, ...]


class ApplicationResource(msgspec.Struct, frozen=True, kw_only=True):
    """An application."""

    id: str
    type: Literal["application"] = "application"
    attributes: ApplicationAttributes
    meta: Created
    links: SelfLink


class SecretAttributes(msgspec.Struct, frozen=True, rename="camel"):
    """The client id it goes with, and until when it is accepted, ISO 8601."""

    client_id: str
    expires_at: str | UnsetType = UNSET


class SecretResource(msgspec.Struct, frozen=True, kw_only=True):
    """A client secret, without the secret."""

    id: str
    type: Literal["application-secret"] = "application-secret"
    attributes: SecretAttributes
    meta: Created


def read_applications(params: Params, view: View) -> Page:
    """Read the query of ``GET /applications`` or of an application's secrets: neither has filters."""
    check_filters(params, ())
    return paging.read_page(params, paging.APPLICATIONS, short=view.preview)


def application_resource(application: Application, view: View) -> ApplicationResource:
    """Write an application as a resource, without what an answer wraps it in."""
    return ApplicationResource(
        id=application.client_id,
        attributes=ApplicationAttributes(application.name, application.redirect_uris),
        meta=Created(stamp(application.created_at)),
        links=SelfLink(view.link(f"{PATH}/{application.client_id}")),
    )


def application_body(application: Application, view: View) -> ApplicationResource | Single[ApplicationResource]:
    """Answer ``GET /applications/{applicationId}``."""
    return single(application_resource(application, view), view)


def applications_body(
    applications: Sequence[Application], page: Page, total: int, view: View
) -> Listed[ApplicationResource] | PreviewListed[ApplicationResource]:
    """Answer ``GET /applications``. The applications are those of the page, out of `total`."""
    return listed([application_resource(each, view) for each in applications], view, PATH, page, total)


def secrets_body(
    application_id: str, rows: Sequence[ClientSecret], page: Page, total: int, view: View
) -> Listed[SecretResource] | PreviewListed[SecretResource]:
    """Answer ``GET /applications/{applicationId}/secrets``. `rows` are those of the page, out of `total`."""
    resources = [
        SecretResource(
            id=row.id,
            attributes=SecretAttributes(machine_id(row.client_id), stamp(row.expires_at) if row.expires_at else UNSET),
            meta=Created(stamp(row.created_at)),
        )
        for row in rows
    ]
    return listed(resources, view, f"{PATH}/{application_id}/secrets", page, total)
