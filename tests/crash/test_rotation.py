"""Keys change while deliveries flow: who knows the old or the new one refuses nothing, and after the overlap the old
one is worth nothing. Judged by the packages that others have published.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
import smartcar
import standardwebhooks
from aiohttp import web
from tests.crash.hooks import Live, listening, live
from tests.storage.conftest import Place

from carwire.kit.secrets import Secret, new_secret
from carwire.services.webhooks.delivering import GOOD_FOR_S

pytestmark = pytest.mark.anyio
SECONDS = 6
EVERY_S = 0.5
OVERLAP = timedelta(seconds=3)
LOOK = timedelta(seconds=GOOD_FOR_S)  # for which keys that were looked up are used


class Keys:
    """Keys of one kind, and since when there is each."""

    def __init__(self, first: Secret) -> None:
        self.all = [(datetime.min.replace(tzinfo=UTC), first)]

    def add(self, new: Secret) -> None:
        """Take over a new key."""
        self.all.append((datetime.now(UTC), new))

    def at(self, moment: datetime) -> Secret:
        """Return the key that was the newest at a moment."""
        return next(key for since, key in reversed(self.all) if since <= moment)


class Receiver:
    """Several receivers in one, each with its own knowledge of the keys. `refused` names those who would refuse."""

    def __init__(self, secrets: Keys, tokens: Keys) -> None:
        self.secrets, self.tokens = secrets, tokens
        self.refused: list[str] = []
        self.outlived: list[str] = []
        self.ids: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        """Check a request as each of them would."""
        body, now = await request.read(), datetime.now(UTC)
        self.ids.append(request.headers["webhook-id"])
        lags = {"knows what is new a second later": 1.0, "knows what is new two seconds later": 2.0}
        for who, lag in lags.items():
            if not standard(self.secrets.at(now - timedelta(seconds=lag)), body, request.headers):
                self.refused.append(who)
        if not any(standard(self.secrets.at(each), body, request.headers) for each in (now, now - OVERLAP / 2)):
            self.refused.append("knows the old secret and the new one")
        both = {self.tokens.at(now - OVERLAP * part - LOOK * part).reveal() for part in (0, 0.25, 0.5, 0.75, 1)}
        if not any(original(token, body, request.headers) for token in both):
            self.refused.append("knows the old token and the new one")
        gone = now - OVERLAP - LOOK - timedelta(seconds=0.5)
        long_ago = [key for (_, key), (ended_at, _) in zip(self.secrets.all, self.secrets.all[1:], strict=False)
                    if ended_at < gone]  # fmt: skip
        self.outlived += ["secret" for key in long_ago[-1:] if standard(key, body, request.headers)]
        return web.Response()


def standard(secret: Secret, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        standardwebhooks.Webhook(secret.reveal()).verify(body, dict(headers), json_parse=False)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def original(token: str, body: bytes, headers: Mapping[str, str]) -> bool:
    return bool(smartcar.verify_payload(token, headers["SC-Signature"], body.decode()))


async def rotate(scene: Live, webhook_id: str, secrets: Keys, tokens: Keys) -> None:
    """Change both keys again and again."""
    for turn in range(int(SECONDS / EVERY_S)):
        await asyncio.sleep(EVERY_S)
        secrets.add((await scene.service.rotate_secret(scene.client_id, webhook_id, OVERLAP)).secret)
        if turn % 8 == 0:  # the token that is replaced signs until the overlap ends; there is one such
            application, token = await scene.store.find(scene.client_id), new_secret()
            assert application
            tokens.add(token)
            assert await scene.store.replace(application, token, scene.clock() + OVERLAP)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_while_keys_change_under_load_nobody_refuses(place: Place) -> None:
    async with live(place.open(), vehicles=20) as scene:
        webhook = await scene.webhook()
        found = await scene.store.signing_keys(scene.client_id, webhook.id, scene.clock())
        assert found.management_token
        receiver = Receiver(Keys(found.secrets[0]), Keys(found.management_token))
        async with listening(receiver.take) as url:
            await scene.readdress(webhook, f"{url}/hook")
            scene.worker.start()
            rotating = asyncio.create_task(rotate(scene, webhook.id, receiver.secrets, receiver.tokens))
            began, said = time.monotonic(), 0
            while not rotating.done():
                await scene.say(said)
                said += 1
                await asyncio.sleep(max(0.0, began + said / 100 - time.monotonic()))
            await rotating
            await scene.quiet()
    assert receiver.refused == []
    assert receiver.outlived == []
    assert len(receiver.secrets.all) > 10
    assert len(set(receiver.ids)) == len(receiver.ids) >= said > 20


async def test_after_the_overlap_the_old_keys_sign_nothing(place: Place) -> None:
    async with live(place.open(), vehicles=1) as scene:
        webhook, got = await scene.webhook(), []

        async def take(request: web.Request) -> web.Response:
            got.append((await request.read(), dict(request.headers)))
            return web.Response()

        async with listening(take) as url:
            await scene.readdress(webhook, f"{url}/hook")
            old = await scene.store.signing_keys(scene.client_id, webhook.id, scene.clock())
            short = timedelta(seconds=0.2)
            secret = (await scene.service.rotate_secret(scene.client_id, webhook.id, short)).secret
            application, token = await scene.store.find(scene.client_id), new_secret()
            assert application
            await scene.store.replace(application, token, scene.clock() + short)
            await asyncio.sleep(0.25)
            await scene.move(scene.vehicles[0])
            await scene.spread()
            assert await scene.drain() == 1
        ((body, headers),) = got
        assert old.management_token
        assert (standard(secret, body, headers), original(token.reveal(), body, headers)) == (True, True)
        assert not standard(old.secrets[0], body, headers)
        assert not original(old.management_token.reveal(), body, headers)
