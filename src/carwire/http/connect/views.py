"""What each page of Connect shows: the seam between the flow and the templates.

A page is a struct of plain values; `frame` holds what every page needs. No page ever gets the redirect URI itself
(only its host), a credential, or a code.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What every page has. `action` is the path forms post to, `csrf` the token they send in the field ``csrf``.

    `back` tells whether the way back to the application is open (a button that posts ``do=back``). `step` of `steps`
    is shown in words when given.
    """

    language: str
    languages: tuple[tuple[str, str], ...]  # code, own name
    application: str
    server: str  # host of this server
    return_host: str | None  # where the owner ends up, in plain text
    simulated: bool
    action: str = ""
    csrf: str = ""
    back: bool = False
    step: int | None = None
    steps: int = 4
    request_id: str = ""
    idle_minutes: int = 20


class Permission(msgspec.Struct, frozen=True):
    """One permission that is asked for; `name` is the wire's, the page has a sentence for it."""

    name: str
    required: bool
    granted: bool = True  # ticked


class Preamble(msgspec.Struct, frozen=True, kw_only=True):
    """P1. Posts ``do=continue``; or ``do=locale`` with ``country`` and ``language``."""

    frame: Frame
    permissions: tuple[Permission, ...]
    countries: tuple[tuple[str, str], ...]
    country: str


class Brand(msgspec.Struct, frozen=True):
    """One brand of P2: the wire's name in upper case, and how it is written."""

    make: str
    name: str
    down: bool = False


class Brands(msgspec.Struct, frozen=True, kw_only=True):
    """P2. Each brand posts ``make=<MAKE>``; search without script posts ``do=search`` with ``search``; ``do=missing``
    says that the brand is not there. `notice` names a make that was asked for and is not offered here.
    """

    frame: Frame
    brands: tuple[Brand, ...]
    country: str
    search: str = ""
    notice: str | None = None


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """P3. Posts ``do=sign-in`` with ``username`` and ``password``; ``do=other-brand`` goes back to P2.

    `error` is what went wrong with the last try; `wait_seconds` how long another has to wait.
    """

    frame: Frame
    make: str
    brand: str
    username: str = ""
    error: Literal["credentials", "missing", "maker_down", "wait", "cancelled"] | None = None
    wait_seconds: int = 0
    choose_brand: bool = True


class ExtraCheck(msgspec.Struct, frozen=True, kw_only=True):
    """P4 and P5: one more question of the maker. Posts ``do=answer`` with ``answer``; a PIN may be skipped with
    ``do=skip``. `picture` is a data URI of a captcha.
    """

    frame: Frame
    brand: str
    kind: Literal["code", "pin", "captcha"]
    picture: str | None = None
    error: Literal["wrong", "missing"] | None = None


class MakerPermission(msgspec.Struct, frozen=True, kw_only=True):
    """P6: the owner did not allow at the maker what the application needs. Posts ``do=fix`` or ``do=continue``."""

    frame: Frame
    brand: str
    missing: tuple[Permission, ...]
    may_continue: bool


class NoVehicles(msgspec.Struct, frozen=True, kw_only=True):
    """P7: the account holds no car. Posts ``do=retry``."""

    frame: Frame
    brand: str


class NoSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """P8: the maker's connected service is off. Posts ``do=retry``. `link` leads to the maker, if known."""

    frame: Frame
    brand: str
    link: str | None = None


class Incompatible(msgspec.Struct, frozen=True, kw_only=True):
    """P9: no car that can be connected. Posts ``do=other-brand``, or ``do=back`` with ``share=yes`` when ticked.

    `why`: the brand is not here, this car cannot, the car asked for is not in the account, or a filter of the
    application.
    """

    frame: Frame
    why: Literal["brand", "car", "not_in_account", "permissions"]
    brand: str | None = None
    can_share: tuple[str, ...] = ()  # what would be shared: vin, make, model, year
    may_choose_brand: bool = True


class GrantCar(msgspec.Struct, frozen=True):
    """A car on P10. `key` is the value of its input."""

    key: str
    title: str  # 2021 Tesla Model Y
    vin_end: str  # the last six characters
    chosen: bool = True


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """P10. Posts ``do=approve`` with ``vehicle`` (one or several) and ``permission`` (several), or ``do=deny``.

    `choice`: several cars, one car (radio buttons), or nothing to choose. With many cars, ``page=<number>`` turns to
    another page of them and ``do=search`` with ``search`` looks among them; both send the ticks of this page along.
    """

    frame: Frame
    brand: str
    cars: tuple[GrantCar, ...]
    choice: Literal["many", "one", "fixed"]
    reads: tuple[Permission, ...]
    controls: tuple[Permission, ...]
    error: Literal["no_vehicle", "no_permission"] | None = None
    page: int = 1
    pages: int = 1
    search: str = ""


class BatterySize(msgspec.Struct, frozen=True, kw_only=True):
    """P11. Posts ``do=choose`` with ``capacity`` (the key of a size), ``do=unknown``, or ``do=skip``."""

    frame: Frame
    car: str
    sizes: tuple[tuple[str, float, str | None], ...]  # key, kWh, description
    may_skip: bool = True
    error: Literal["missing"] | None = None


class CarSteps(msgspec.Struct, frozen=True, kw_only=True):
    """P12: something to do at the car: a virtual key. Posts ``do=done``."""

    frame: Frame
    brand: str
    car: str
    link: str | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """P13: connected, no redirect URI. `origin` is where a waiting window gets `message` (JSON), if there is one."""

    frame: Frame
    cars: tuple[str, ...]
    origin: str | None = None
    message: str | None = None


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """P14. `title` is the English heading people search for (``400: Unauthorized redirect_uri``); `what` selects the
    explanation in the owner's language. `exit` tells whether ``do=exit`` leads back to the application, `restart`
    whether ``do=restart`` begins anew. `for_developers` are English sentences, `received` a value shown as received.
    """

    frame: Frame
    status: int
    title: str
    what: Literal[
        "client", "redirect_uri", "parameter", "expired", "finished", "order", "other_browser", "busy", "server"
    ]
    exit: bool = False
    restart: bool = False
    for_developers: tuple[str, ...] = ()
    received: str | None = None


Page = (
    Preamble
    | Brands
    | SignIn
    | ExtraCheck
    | MakerPermission
    | NoVehicles
    | NoSubscription
    | Incompatible
    | Grant
    | BatterySize
    | CarSteps
    | Done
    | Failed
)
