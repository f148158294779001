"""The token endpoint of API v3: an application's id and secret for a token. Source: the contract, section 3.2."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from carwire_client.answers import Answer, invalid, object_of
from carwire_client.call import FORM, Call, form_body
from carwire_client.models.base import meta_of
from carwire_client.models.ga.tokens import ApplicationToken
from carwire_client.secrets import Secret
from carwire_client.settings import Application


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int = 3600
    token_type: str = "Bearer"  # noqa: S105  # no token


def application_token(application: Application) -> Call[ApplicationToken]:
    """Ask for a token of the application itself. Raises `AuthenticationFailed` for an id or secret that is not known.

    Raises `NotConfigured` without `v3_client_id` and `v3_client_secret`. A token spends nothing, so a request that was
    lost is made again.
    """
    known = application.v3_credentials()
    return Call(
        name="application token",
        method="POST",
        path="/oauth2/token",
        read=_token,
        role="iam",
        body=form_body(
            ("grant_type", "client_credentials"), ("client_id", known.client_id), ("client_secret", known.client_secret)
        ),
        content_type=FORM,
        secrets=(known.client_secret,),
        confidential=True,
    )


def _token(answer: Answer) -> ApplicationToken:
    try:
        found = msgspec.convert(object_of(answer), _Token, strict=False)
        expiration = answer.received_at + timedelta(seconds=found.expires_in)
    except msgspec.ValidationError as error:
        raise invalid(answer, f"ApplicationToken: {error}") from None
    except OverflowError:
        raise invalid(answer, "ApplicationToken: expires_in is no length of time") from None
    return ApplicationToken(
        access_token=Secret(found.access_token),
        expiration=expiration,
        token_type=found.token_type,
        expires_in=found.expires_in,
        meta=meta_of(answer.status, answer.headers),
    )
