"""The application that asks, and the secrets it may ask with. The paths are known, the bodies are our own reading."""

from __future__ import annotations

from carwire.core.applications import Application
from carwire.core.errors import NotAuthenticated
from carwire.http.call import Answer, Call, NothingThere
from carwire.http.query import decode_params
from carwire.http.v3.view import Views, answered
from carwire.services.accounts import AccountService
from carwire.services.credentials import CredentialService
from carwire.wire.v3.applications import application_body, applications_body, read_applications, secrets_body
from carwire.wire.v3.asking import id_of


class ApplicationHandlers:
    """Handlers over applications and their secrets. A token reaches its own application alone."""

    def __init__(self, accounts: AccountService, credentials: CredentialService, views: Views) -> None:
        self._accounts = accounts
        self._credentials = credentials
        self._views = views

    async def applications(self, call: Call) -> Answer:
        """The application of the token: no other is known to it."""
        view = self._views.of(call)
        page = read_applications(decode_params(call.query), view)
        found = [await self._own(call)]
        return answered(call, applications_body(found[page.offset :], page, len(found), view))

    async def application(self, call: Call) -> Answer:
        """The application of the token."""
        return answered(call, application_body(await self._named(call), self._views.of(call)))

    async def secrets(self, call: Call) -> Answer:
        """Which secrets are accepted, and until when; a secret itself is shown once, when it is drawn."""
        view = self._views.of(call)
        application = await self._named(call)
        page = read_applications(decode_params(call.query), view)
        rows = await self._credentials.of(application.client_id)
        shown = rows[page.offset : page.offset + page.size]
        return answered(call, secrets_body(application.client_id, shown, page, len(rows), view))

    async def _named(self, call: Call) -> Application:
        asked = id_of(call.parameters["application_id"], "applicationId")
        if asked != call.token.principal.client_id:
            raise NothingThere("application", asked)
        return await self._own(call)

    async def _own(self, call: Call) -> Application:
        found = await self._accounts.find(call.token.principal.client_id)
        if found is None:  # deleted since its token was looked at
            raise NotAuthenticated
        return found
