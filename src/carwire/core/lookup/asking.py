"""What is asked: VIN, plate, features and the other parameters of a call, judged in the documented order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from carwire.core.lookup.refusal import LookupRefused
from carwire.core.lookup.regions import Region, region_of
from carwire.core.vin.structure import BLANKS, LOOK_ALIKES, compute_check_digit, is_north_american

# Features that say something of one car, not of its kind: a key that anybody can read may not have them.
INDIVIDUAL: Final = frozenset({"extended_data", "writeoff_info", "stolen_info", "registration_status"})
FEATURES: Final = INDIVIDUAL | {
    *("additional_upstream_data", "vehicle_age", "performance_info", "build_data", "match_explain")
}
LONGEST_REFERENCE: Final = 128
_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_SHORT: Final = re.compile(r"[A-Z0-9]{5,16}")
_PLATE: Final = re.compile(r"[0-9A-Z\u0370-\u03ff\u0400-\u052f\u00c0-\u00de]{1,12}")
_DROPPED: Final = str.maketrans("", "", BLANKS + "\r\n")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
# Ukraine's plates have the Cyrillic letters that look Latin; registers and people write either.
_CYRILLIC: Final = str.maketrans("АВЕІКМНОРСТХ", "ABEIKMHOPCTX")


class Question(msgspec.Struct, frozen=True):
    """What a lookup asks for besides a VIN or plate."""

    region: Region
    features: frozenset[str] = frozenset()
    more: bool = False
    reference_id: str | None = None


def read_vin(text: str, region: Region | None = None) -> str:
    """Return the normalised VIN. Raises `LookupRefused` naming the character at fault. Letters are not repaired."""
    if len(text) > 64:
        raise LookupRefused("invalid_vin", f"A VIN has 17 characters, this text has {len(text)}")
    vin = text.translate(_DROPPED).upper()
    if _VIN.fullmatch(vin):
        return vin
    for position, character in enumerate(vin, 1):
        if character in LOOK_ALIKES:
            looks = "1" if character == "I" else "0"
            hint = f"position {position} is {character}, which no VIN contains; it looks like {looks}"
            raise LookupRefused("invalid_vin", "The VIN has a character that no VIN contains", hint=hint)
        if not re.fullmatch(r"[A-Z0-9]", character):
            hint = f"position {position} is {character!a}, which no VIN contains"
            raise LookupRefused("invalid_vin", "The VIN has a character that no VIN contains", hint=hint)
    if region is not None and region.short_numbers and _SHORT.fullmatch(vin):
        return vin
    raise LookupRefused("invalid_vin", f"A VIN has 17 characters, this one has {len(vin)}")


def digit_is_right(vin: str) -> bool | None:
    """Tell whether the check digit is right; null where the maker's region demands none."""
    if not is_north_american(vin) and vin[:3] != "ZZZ":
        return None
    return compute_check_digit(vin) == vin[8]


def read_plate(text: str, region: Region) -> str:
    """Return the normalised plate: upper case, no blanks or hyphens. Raises `LookupRefused`."""
    if len(text) > 64:
        raise LookupRefused("invalid_plate", f"A plate has at most 12 characters, this text has {len(text)}")
    plate = text.translate(_DROPPED).upper()
    if region.code == "ua":
        plate = plate.translate(_CYRILLIC)
    if plate in TEST_PLATES or _PLATE.fullmatch(plate):
        return plate
    raise LookupRefused("invalid_plate", "A plate has 1 to 12 letters and digits")


def read_state(text: str | None, region: Region) -> str | None:
    """Return the subdivision a plate belongs to. Raises `LookupRefused` where the region has them and none is given."""
    if not region.states:
        return None
    state = (text or "").strip().upper()
    if state not in region.states:
        what = "is required" if not state else "is not one of the region's"
        hint = f"one of {', '.join(region.states)}"
        raise LookupRefused("invalid_parameter", f"state {what}", hint=hint)
    return state


def read_region(text: str | None, default: str | None) -> Region:
    """Return the region asked for, or the account's. Raises `LookupRefused`."""
    code = text or default
    if code is None:
        raise LookupRefused("region_required", "Name a region: the account has no default one")
    region = region_of(code)
    if region is None:
        raise LookupRefused("region_unknown", f"There is no region {code[:20]!a} here")
    return region


def read_features(text: str | None) -> frozenset[str]:
    """Return the features asked for. Order means nothing and a code twice is one. Raises `LookupRefused`."""
    codes = [code.strip() for code in (text or "").split(",")]
    found = frozenset(code for code in codes if code)
    unknown = sorted(found - FEATURES)
    if unknown:
        raise LookupRefused(
            "unknown_feature", f"There is no feature {unknown[0][:40]!a}", hint=f"one of {', '.join(sorted(FEATURES))}"
        )
    return found


def read_truth(values: Mapping[str, str], name: str) -> bool:
    """Return a parameter that is true or false, false when it is not there. Raises `LookupRefused`."""
    text = values.get(name)
    if text is None:
        return False
    found = _TRUTHS.get(text)
    if found is None:
        raise LookupRefused("invalid_parameter", f"{name} is true, false, 1 or 0, not {text[:40]!a}")
    return found


def read_count(values: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Return a whole number from 1 to `most`. Raises `LookupRefused`."""
    text = values.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        raise LookupRefused("invalid_parameter", f"{name} is a number from 1 to {most}")
    return int(text)


def read_reference(text: str | None) -> str | None:
    """Return the reference that goes with the usage record. Raises `LookupRefused`."""
    if text is not None and (len(text) > LONGEST_REFERENCE or _CONTROL.search(text)):
        what = f"reference_id has at most {LONGEST_REFERENCE} characters, none of them a control character"
        raise LookupRefused("invalid_parameter", what)
    return text


TEST_PLATES: Final = ("REG4SUCCESS", "REG4SUCCESSEV", "REG4WARNING", "REG4NOMATCH", "REG4VINONLY")
TEST_VINS: Final = (
    *("ZZZTEST14A0000001", "ZZZTEST23A0000001", "ZZZTEST32A0000001", "ZZZTEST41A0000001", "ZZZTEST50A0000001"),
)
TEST_VEHICLE: Final = "1111111111111111"
