"""What an application asks for when it opens Connect, checked: ``/oauth/authorize`` and its two sisters.

Order matters. First the client, then the redirect URI: until both are known to be good nothing leads back to the
application, and a mistake is `NotTrusted`. Every mistake after that is a `Mistake`, whose page has a way out.

Pure: the moment, the network and the store are elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

from carwire.core.applications import Application, is_bare_origin, origin_of
from carwire.core.compatibility.simulated import is_simulated
from carwire.core.errors import CarwireError
from carwire.core.permissions import PERMISSIONS
from carwire.core.vehicles import MAX_EXTERNAL_ID, Mode
from carwire.core.vin.structure import CHARACTERS, LOOK_ALIKES, VIN_LENGTH
from carwire.kit.redaction import redact_text

MAX_STATE: Final = 2048  # bytes
MAX_SCOPE: Final = 64  # names
MAX_USER: Final = 255
_SHOWN: Final = 100  # characters of a bad value
_SECRET: Final = frozenset({"state", "token"})
_LONG: Final = frozenset(
    {"single_select_vin", "app_origin", "code_challenge"}
)  # though their values are long, no secret
_CREDENTIALS: Final = re.compile(r"//[^/?#]*@")  # of a URL, which do not belong there
_REQUIRED: Final = "required:"
# Published once, gone today: who still asks for them is not turned away, and gets nothing for them.
_WITHDRAWN: Final = frozenset({"control_security:lock", "control_security:unlock"})
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 in base64url
_MODES: Final[dict[str, Mode]] = {"live": "live", "test": "simulated", "simulated": "simulated"}
_TRUTHS: Final = {"true": True, "false": False}
_TEST_VIN: Final = "You have entered a test mode VIN. Please enter a VIN that belongs to a real vehicle."

Kind = Literal["authorize", "reauthenticate", "battery"]
ResponseType = Literal["code", "none", "vehicle_id"]
MakeFinder = Callable[[str], str | None]


class Parameters(msgspec.Struct, frozen=True):
    """A query as it came: texts by name, empty ones left out; `spoilt` names what came twice or is no UTF-8."""

    values: Mapping[str, str]
    spoilt: frozenset[str] = frozenset()


class AskedPermission(msgspec.Struct, frozen=True):
    """One permission that is asked for; a required one cannot be unticked."""

    name: str
    required: bool


class Mistake(msgspec.Struct, frozen=True):
    """A mistake in a request: the text people search for, and what to do about it, for developers."""

    text: str
    remarks: tuple[str, ...] = ()


class NotTrusted(CarwireError):
    """The client or the redirect URI is not known: nothing may lead back to whoever asks."""

    def __init__(self, what: Literal["client", "redirect_uri"], mistake: Mistake, received: str | None) -> None:
        super().__init__(mistake.text)
        self.what: Final = what
        self.mistake: Final = mistake
        self.received: Final = received


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A checked request. `make` is spelled as VIN decoders do, `vin` is upper case.

    `external_id` unset leaves what is stored, null clears it. A null `redirect_uri` ends on a page of ours, which
    hands the result to `origin`, if there is one.
    """

    kind: Kind
    client_id: str
    redirect_uri: str | None
    response_type: ResponseType
    state: str | None = None
    permissions: tuple[AskedPermission, ...] = ()
    mode: Mode = "live"
    make: str | None = None
    vin: str | None = None
    single: bool = False
    force: bool = False
    country: str | None = None
    external_id: str | msgspec.UnsetType | None = msgspec.UNSET
    user: str | None = None
    origin: str | None = None
    challenge: str | None = None
    platform: str | None = None
    vehicle_id: str | None = None

    @property
    def required(self) -> frozenset[str]:
        """The permissions that cannot be unticked."""
        return frozenset(asked.name for asked in self.permissions if asked.required)


class _Bad(Exception):
    def __init__(self, text: str, *remarks: str) -> None:
        self.mistake = Mistake(text, remarks)


def client_of(given: Parameters) -> str:
    """Return the client id a request names, under either of its two names. Raises `NotTrusted`."""
    ids = {given.values[name] for name in ("client_id", "application_id") if name in given.values}
    spoilt = given.spoilt & {"client_id", "application_id"}
    if len(ids) == 1 and not spoilt:
        return ids.pop()
    if spoilt or ids:
        raise unknown_client(" ".join(sorted(ids)), "Give the client id once; under both names only if they agree.")
    raise NotTrusted("client", Mistake('Missing required parameter: "client_id"'), None)


def unknown_client(received: str, *remarks: str) -> NotTrusted:
    """Return the error for a client id that is none; a text that has the form of a secret is not shown."""
    shown = received[:_SHOWN]
    more = ["The client id is the application's own id, 36 characters; `carwire app list` shows it."]
    if re.fullmatch(r"[A-Za-z0-9_-]{43}", received):
        shown = received[:4] + "…"
        more.append(
            "What was sent has the form of a client secret or management token. Neither belongs in an address: "
            "replace it with `carwire app rotate-secret`."
        )
    return NotTrusted("client", Mistake(f"Invalid parameter client_id: {shown}.", (*remarks, *more)), shown or None)


def redirect_of(given: Parameters, application: Application, *, optional: bool) -> str | None:
    """Return where the browser goes at the end. Raises `NotTrusted` unless it equals a registered URI exactly.

    Without the parameter it is the first registered one, or nothing where that is `optional`.
    """
    asked = given.values.get("redirect_uri")
    if asked is None and "redirect_uri" not in given.spoilt:
        if optional:
            return None
        if application.redirect_uris:
            return application.redirect_uris[0]
        remark = "No redirect URI is registered for this application, and the request names none."
        raise NotTrusted("redirect_uri", Mistake("Unauthorized redirect_uri", (remark,)), None)
    if asked not in application.redirect_uris or "redirect_uri" in given.spoilt:
        remark = "It has to equal a registered redirect URI character by character, a closing slash included."
        received = None if asked is None else _CREDENTIALS.sub("//***@", asked)
        raise NotTrusted("redirect_uri", Mistake("Unauthorized redirect_uri", (remark,)), received)
    return asked


def read_authorize(
    given: Parameters, application: Application, find_make: MakeFinder, find_country: MakeFinder
) -> tuple[Request, Mistake | None]:
    """Check a request to ``/oauth/authorize``. With a mistake, the request holds no more than its way out needs."""
    response_type = given.values.get("response_type", "").strip().lower()
    redirect_uri = redirect_of(given, application, optional=response_type == "none")
    way_out = _way_out("authorize", given, application, redirect_uri)
    try:
        _check_spoilt(given)
        return _authorize(given, application, way_out, find_make, find_country), None
    except _Bad as bad:
        return way_out, bad.mistake


def read_reauthenticate(given: Parameters, application: Application) -> tuple[Request, Mistake | None]:
    """Check a request to ``/oauth/reauthenticate`` that names a vehicle; whether there is one the store knows.

    Without redirect URIs registered it ends on a page of ours: links in API errors must work as they stand.
    """
    response_type = given.values.get("response_type", "").strip().lower()
    optional = response_type == "none" or not application.redirect_uris
    redirect_uri = redirect_of(given, application, optional=optional)
    way_out = _way_out("reauthenticate", given, application, redirect_uri)
    try:
        _check_spoilt(given)
        _choice(given, "response_type", {"vehicle_id": "vehicle_id", "none": "none"})
        vehicle_id = _needed(given, "vehicle_id")
        kind: ResponseType = "none" if response_type == "none" else "vehicle_id"
        return msgspec.structs.replace(way_out, response_type=kind, vehicle_id=vehicle_id, user=_user(given)), None
    except _Bad as bad:
        return way_out, bad.mistake


def read_battery(given: Parameters, application: Application) -> tuple[Request, Mistake | None]:
    """Check a request to ``/battery-capacity``; the token is somebody else's business."""
    redirect_uri = redirect_of(given, application, optional=not application.redirect_uris)
    way_out = _way_out("battery", given, application, redirect_uri)
    try:
        _check_spoilt(given)
        _choice(given, "response_type", {"vehicle_id": "vehicle_id"})
        return msgspec.structs.replace(way_out, vehicle_id=_needed(given, "vehicle_id")), None
    except _Bad as bad:
        return way_out, bad.mistake


def bad_value(name: str, value: str) -> Mistake:
    """Return the mistake of a parameter with a value that cannot be used; a secret pasted into it is masked."""
    shown = value[:4] + "…" if name in _SECRET else value[:_SHOWN] if name in _LONG else redact_text(value, _SHOWN)
    return Mistake(f"Invalid parameter {name}: {shown}.")


def _authorize(
    given: Parameters, application: Application, way_out: Request, find_make: MakeFinder, find_country: MakeFinder
) -> Request:
    response_type = _choice(given, "response_type", {"code": "code", "none": "none"})
    assert response_type
    mode = _MODES[_choice(given, "mode", dict(zip(_MODES, _MODES, strict=True))) or "live"]
    vin = _vin(given, mode)
    single = _TRUTHS[_choice(given, "single_select", {"true": "true", "false": "false"}) or "false"]
    return msgspec.structs.replace(
        way_out,
        response_type=response_type,
        permissions=_scope(given, application),
        mode=mode,
        make=None if vin else _make(given, find_make),
        vin=vin,
        single=single or vin is not None,
        force=_choice(given, "approval_prompt", {"auto": "auto", "force": "force"}) == "force",
        country=_country(given, application, find_country),
        user=_user(given),
        origin=_origin(given, application),
        challenge=_pkce(given, application, response_type),
        platform=given.values.get("sdk_platform", "")[:40] or None,
    )


def _way_out(kind: Kind, given: Parameters, application: Application, redirect_uri: str | None) -> Request:
    state = given.values.get("state")
    return Request(
        kind=kind,
        client_id=application.client_id,
        redirect_uri=redirect_uri,
        response_type="code" if kind == "authorize" else "vehicle_id",
        state=state if state and len(state.encode()) <= MAX_STATE else None,
        external_id=_external_id(given),
    )


def _check_spoilt(given: Parameters) -> None:
    if given.spoilt:
        name = sorted(given.spoilt)[0]
        value = given.values.get(name, "")
        raise _Bad(bad_value(name, value).text, "Every parameter is given once, as percent-encoded UTF-8.")
    if len(given.values.get("state", "").encode()) > MAX_STATE:
        raise _Bad(bad_value("state", given.values["state"]).text, f"The longest state has {MAX_STATE} bytes.")


def _choice(given: Parameters, name: str, choices: Mapping[str, str]) -> str | None:
    text = given.values.get(name)
    if text is None:
        if name == "response_type":
            raise _missing(name)
        return None
    found = choices.get(text.strip().lower())
    if found is None:
        raise _Bad(bad_value(name, text).text, f"It may be {' or '.join(choices)}.")
    return found


def _needed(given: Parameters, name: str) -> str:
    if name not in given.values:
        raise _missing(name)
    return given.values[name]


def _missing(name: str, *remarks: str) -> _Bad:
    return _Bad(f'Missing required parameter: "{name}"', *remarks)


def _scope(given: Parameters, application: Application) -> tuple[AskedPermission, ...]:
    text = given.values.get("scope") or application.rules.scope
    if text is None:
        raise _missing("scope", "The application has no permissions of its own to fall back on.")
    words = text.split()
    if len(words) > MAX_SCOPE:
        raise _Bad(bad_value("scope", text).text, f"At most {MAX_SCOPE} permissions are asked for at once.")
    asked: dict[str, bool] = {}
    for word in words:
        name = word.removeprefix(_REQUIRED)
        if name not in PERMISSIONS and name not in _WITHDRAWN:
            raise _Bad(bad_value("scope", word).text, "There is no permission of this name.")
        if name in PERMISSIONS:
            asked[name] = asked.get(name, False) or name != word
    if not asked:
        raise _Bad(bad_value("scope", text).text, "None of these permissions exists any more.")
    return tuple(AskedPermission(name, required) for name, required in asked.items())


def _make(given: Parameters, find_make: MakeFinder) -> str | None:
    text = given.values.get("make")
    if text is None:
        return None
    make = find_make(text.strip())
    if make is None:
        raise _Bad(bad_value("make", text).text, "There is no brand of this name.")
    return make


def _vin(given: Parameters, mode: Mode) -> str | None:
    text = given.values.get("single_select_vin")
    if text is None:
        return None
    vin = text.strip().upper()
    allowed = CHARACTERS | set(LOOK_ALIKES) if is_simulated(vin) else CHARACTERS
    if len(vin) != VIN_LENGTH or not set(vin) <= set(allowed):
        raise _Bad(bad_value("single_select_vin", text).text, f"A VIN has {VIN_LENGTH} characters.")
    if mode == "live" and is_simulated(vin):
        raise _Bad(_TEST_VIN)
    return vin


def _country(given: Parameters, application: Application, find_country: MakeFinder) -> str | None:
    """The country a flag names, else the application's; what is no country is left aside."""
    for pair in given.values.get("flags", "").split():
        name, _, value = pair.partition(":")
        if name.lower() == "country" and (country := find_country(value)):
            return country
    return application.rules.country


def _user(given: Parameters) -> str | None:
    return given.values.get("user", "")[:MAX_USER] or None


def _external_id(given: Parameters) -> str | msgspec.UnsetType | None:
    """What cannot be used is left aside, as documented: the owner must not suffer for it."""
    text = given.values.get("external_id")
    if text == "null":
        return None
    if text is None or len(text) > MAX_EXTERNAL_ID or not text.isprintable() or "external_id" in given.spoilt:
        return msgspec.UNSET
    return text


def _origin(given: Parameters, application: Application) -> str | None:
    """Who may receive the result by a window message. The SDK does not check in this case, so nobody else does."""
    text = given.values.get("app_origin")
    if text is None:
        return None
    own = {origin_of(uri) for uri in application.redirect_uris}
    if not is_bare_origin(text) or text not in {*application.rules.origins, *own}:
        raise _Bad(bad_value("app_origin", text).text, "It has to be one of the application's JavaScript origins.")
    return text


def _pkce(given: Parameters, application: Application, response_type: str) -> str | None:
    challenge = given.values.get("code_challenge")
    method = given.values.get("code_challenge_method")
    if challenge is None:
        if method is not None or (application.rules.require_pkce and response_type == "code"):
            raise _missing("code_challenge", "PKCE with the method S256.")
        return None
    if method != "S256":  # absent is `plain` (RFC 7636, 4.3), which protects nothing
        raise _Bad(bad_value("code_challenge_method", method or "plain").text, "Only S256 is taken.")
    if not _CHALLENGE.fullmatch(challenge):
        raise _Bad(bad_value("code_challenge", challenge).text, "It is a SHA-256 digest in base64url: 43 characters.")
    return challenge
