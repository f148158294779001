"""One page of each kind and state, as the flow would make them."""

from __future__ import annotations

import msgspec

from carwire.core.permissions import CONTROL, READ
from carwire.http.connect import views
from carwire.http.connect.pages import LANGUAGES, countries

MAKES = (
    *("Acura", "Alfa Romeo", "Audi", "BMW", "Cadillac", "Chevrolet", "Citroën", "Ford", "Hyundai", "Jaguar", "Kia"),
    *("Land Rover", "Lexus", "Lincoln", "Mazda", "Mercedes-Benz", "Nissan", "Peugeot", "Porsche", "Rivian", "Škoda"),
    *("Tesla", "Toyota", "Volkswagen", "Volvo"),
)
BRANDS = tuple(
    views.Brand(
        name.upper().replace(" ", "_").replace("-", "_").replace("Š", "S").replace("Ë", "E"), name, name == "Jaguar"
    )
    for name in MAKES
)
PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def frame(language: str = "en", **changes: object) -> views.Frame:
    """What the pages of one session have in common."""
    usual = views.Frame(
        language=language,
        languages=LANGUAGES,
        application="Charge Planner",
        server="cars.example.net",
        return_host="planner.example.com",
        simulated=False,
        action="/c/7f2a/page",
        csrf="kaNNeRk-4",
        back=True,
        step=2,
        request_id="1c0a8e54-6f0e-4f4e-a2a9-0f6b5f6d4a10",
    )
    return msgspec.structs.replace(usual, **changes)


def permissions(names: tuple[str, ...]) -> tuple[views.Permission, ...]:
    """Permissions, the third required."""
    return tuple(views.Permission(name, required=n == 2) for n, name in enumerate(names))


def pages(f: views.Frame) -> dict[str, views.Page]:
    """Every kind and state of page by name."""
    return {**_before_the_maker(f), **_at_the_maker(f), **_after_the_maker(f), **_endings(f)}


def _before_the_maker(f: views.Frame) -> dict[str, views.Page]:
    few = permissions(("read_battery", "read_charge", "read_odometer", "read_vehicle_info"))
    return {
        "preamble": views.Preamble(
            frame=f,
            permissions=(*permissions(READ[:9]), *permissions(CONTROL[:3])),
            countries=countries(f.language),
            country="DE",
        ),
        "preamble-of-few": views.Preamble(frame=f, permissions=few, countries=countries(f.language), country="US"),
        "brands": views.Brands(frame=f, brands=BRANDS, country="DE"),
        "brands-searched": views.Brands(frame=f, brands=BRANDS, country="DE", search="lan", notice="Lada"),
        "brands-not-found": views.Brands(frame=f, brands=BRANDS, country="US", search="xyz"),
        "sign-in": views.SignIn(frame=f, make="KIA", brand="Kia"),
        "sign-in-one-brand": views.SignIn(frame=f, make="KIA", brand="Kia", choose_brand=False),
        "sign-in-rehearsal": views.SignIn(
            frame=msgspec.structs.replace(f, simulated=True), make="LAND_ROVER", brand="Land Rover"
        ),
        "sign-in-refused": views.SignIn(
            frame=f, make="KIA", brand="Kia", username="maria@example.com", error="credentials"
        ),
        "sign-in-empty": views.SignIn(frame=f, make="KIA", brand="Kia", error="missing"),
        "sign-in-no-password": views.SignIn(
            frame=f, make="KIA", brand="Kia", username="m@example.com", error="missing"
        ),
        "sign-in-down": views.SignIn(frame=f, make="KIA", brand="Kia", error="maker_down"),
        "sign-in-cancelled": views.SignIn(frame=f, make="TESLA", brand="Tesla", error="cancelled"),
        "sign-in-wait": views.SignIn(frame=f, make="KIA", brand="Kia", error="wait", wait_seconds=30),
    }


def _at_the_maker(f: views.Frame) -> dict[str, views.Page]:
    lacking = permissions(("read_location", "read_battery", "control_security"))
    return {
        "code": views.ExtraCheck(frame=f, brand="Volvo", kind="code"),
        "code-wrong": views.ExtraCheck(frame=f, brand="Volvo", kind="code", error="wrong"),
        "captcha": views.ExtraCheck(frame=f, brand="BMW", kind="captcha", picture=PICTURE),
        "captcha-empty": views.ExtraCheck(frame=f, brand="BMW", kind="captcha", picture=PICTURE, error="missing"),
        "pin": views.ExtraCheck(frame=f, brand="Hyundai", kind="pin"),
        "maker-permission": views.MakerPermission(frame=f, brand="Tesla", missing=lacking[:2], may_continue=True),
        "maker-permission-needed": views.MakerPermission(frame=f, brand="Tesla", missing=lacking, may_continue=False),
        "no-vehicles": views.NoVehicles(frame=f, brand="Kia"),
        "no-subscription": views.NoSubscription(frame=f, brand="Toyota", link="https://maker.example/services"),
        "incompatible-brand": views.Incompatible(frame=f, why="brand", can_share=("make",)),
        "incompatible-car": views.Incompatible(
            frame=f, why="car", brand="Audi", can_share=("vin", "make", "model", "year")
        ),
        "incompatible-account": views.Incompatible(frame=f, why="not_in_account", brand="Audi", may_choose_brand=False),
        "incompatible-permissions": views.Incompatible(frame=f, why="permissions", brand="Audi"),
    }


def _after_the_maker(f: views.Frame) -> dict[str, views.Page]:
    cars = tuple(
        views.GrantCar(f"k{n}", f"{2016 + n} Volkswagen ID.{n} Pro Performance", f"00412{n}") for n in range(5)
    )
    reads, controls = permissions(READ), permissions(CONTROL)
    grant = views.Grant(frame=f, brand="Volkswagen", cars=cars, choice="many", reads=reads, controls=controls)
    replace = msgspec.structs.replace
    return {
        "grant": grant,
        "grant-one": replace(grant, choice="one", cars=cars[:2], controls=()),
        "grant-fixed": replace(grant, choice="fixed", cars=cars[:1], reads=permissions(READ[:2]), controls=()),
        "grant-paged": replace(grant, page=2, pages=3, search="ID."),
        "grant-no-car": replace(grant, error="no_vehicle", controls=()),
        "grant-no-permission": replace(grant, error="no_permission"),
        "battery": views.BatterySize(
            frame=f, car="2021 Tesla Model 3", sizes=(("a", 57.5, "Standard Range"), ("b", 79, None))
        ),
        "battery-missing": views.BatterySize(
            frame=f, car="2021 Tesla Model 3", sizes=(("a", 57.5, None),), may_skip=False, error="missing"
        ),
        "car-steps": views.CarSteps(
            frame=f, brand="Tesla", car="2021 Tesla Model 3", link="https://maker.example/key/planner"
        ),
    }


def _endings(f: views.Frame) -> dict[str, views.Page]:
    silent = msgspec.structs.replace(f, back=False, step=None)
    unknown = msgspec.structs.replace(silent, application="", return_host=None, action="", csrf="")
    return {
        "done": views.Done(frame=silent, cars=("2021 Tesla Model 3", "2019 Kia Niro")),
        "done-message": views.Done(
            frame=silent, cars=("2021 Tesla Model 3",), origin="https://planner.example.com", message='{"a":"<&>"}'
        ),
        "done-nothing": views.Done(frame=silent, cars=()),
        "failed-busy": views.Failed(frame=unknown, status=429, title="429: Too many requests.", what="busy"),
        "failed-client": views.Failed(
            frame=unknown,
            status=400,
            title="400: Invalid parameter client_id: kx-12.",
            what="client",
            for_developers=("This looks like the id of a credential; use the application's id.",),
            received="kx-12",
        ),
        "failed-redirect": views.Failed(
            frame=unknown,
            status=400,
            title="400: Unauthorized redirect_uri",
            what="redirect_uri",
            received="https://planner.example.com/" + "very-long-segment-without-a-break" * 4,
        ),
        "failed-parameter": views.Failed(
            frame=silent,
            status=400,
            title='400: Missing required parameter: "response_type"',
            what="parameter",
            exit=True,
        ),
        "failed-expired": views.Failed(
            frame=silent, status=400, title="400: Session expired", what="expired", restart=True
        ),
        **{
            f"failed-{what}": views.Failed(frame=silent, status=400, title="400: Session", what=what)
            for what in ("finished", "order", "other_browser")
        },
        "failed-server": views.Failed(
            frame=silent, status=500, title="500: Internal error", what="server", exit=True, restart=True
        ),
    }
