"""The HTTP adapter: one question is one GET, without redirects, within its time, its answer bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import msgspec

from carwire.connectors.services.mapping import ServiceMapping, address
from carwire.core.lookup.ports import ServiceFailed
from carwire.kit.secrets import Secret

_MOST: Final = 1024 * 1024  # bytes of an answer


class HttpService:
    """One service, asked as its mapping says."""

    def __init__(self, mapping: ServiceMapping, secret: Secret | None = None) -> None:
        self.mapping = mapping
        self._secret = secret

    async def ask(self, values: Mapping[str, str]) -> Any:
        """Return the decoded answer, null where the service knows no such car. Raises `ServiceFailed`."""
        template = self.mapping.vin_url if "vin" in values else self.mapping.plate_url
        assert template is not None, "it is asked for what it can be asked"
        secret = self._secret.reveal() if self._secret else ""
        headers = {name: text.replace("{secret}", secret) for name, text in self.mapping.headers.items()}
        timeout = aiohttp.ClientTimeout(total=self.mapping.timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(address(template, values), headers=headers, allow_redirects=False) as answer,
            ):
                if answer.status in self.mapping.unknown_statuses:
                    return None
                if answer.status != 200:
                    raise ServiceFailed(f"{self.mapping.name} answered {answer.status}")
                body = await answer.content.read(_MOST + 1)
                while len(body) <= _MOST and (more := await answer.content.read(_MOST)):
                    body += more
        except TimeoutError:
            raise ServiceFailed(f"{self.mapping.name} did not answer within {self.mapping.timeout_s} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ServiceFailed(f"{self.mapping.name} cannot be asked: {type(error).__name__}") from None
        if len(body) > _MOST:
            raise ServiceFailed(f"{self.mapping.name} answered more than {_MOST} bytes")
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ServiceFailed(f"{self.mapping.name} answered no JSON") from None
