"""Words of authorities and of vPIC in the words of the lookup API: body, drive, transmission, fuel, colour, make.

A word that is in no table says nothing: it stays where it was published, and the trait stays null.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final, TypeVar

from carwire.core.lookup.names import make_key, pieces

T = TypeVar("T")
# Phrases, folded and joined by blanks → the trait.
BODIES: Final = {
    "SEDAN": "Sedan", "SALOON": "Sedan", "4DSD": "Sedan", "2DSD": "Coupe", "COUPE": "Coupe", "HATCHBACK": "Hatchback",
    "LIFTBACK": "Hatchback", "SPORT UTILITY TRUCK": "Pickup", "SPORT UTILITY": "SUV", "CROSSOVER": "SUV", "SUV": "SUV",
    "STATION WAGON": "Wagon", "STATIONWAGON": "Wagon", "WAGON": "Wagon", "STATIONCAR": "Wagon", "ESTATE": "Wagon",
    "STASJONSVOGN": "Wagon", "FARMARI": "Wagon", "CONVERTIBLE": "Convertible", "CABRIOLET": "Convertible",
    "CABRIO": "Convertible", "CONV": "Convertible", "ROADSTER": "Roadster", "MINIVAN": "Minivan", "MPV": "Minivan",
    "CARGO VAN": "Van", "VAN": "Van", "PICKUP": "Pickup", "PICK": "Pickup", "UTILITY": "Pickup",
    "LIMOUSINE": "Limousine", "BUS": "Bus", "MOTORCYCLE": "Motorcycle", "TRUCK TRACTOR": "Truck Tractor",
    "TRUCK": "Truck", "LOW SPEED VEHICLE": "Low Speed Vehicle",
}  # fmt: skip
DRIVES: Final = {
    "FWD": ("FWD", "Front Wheel Drive"), "FRONT WHEEL DRIVE": ("FWD", "Front Wheel Drive"),
    "RWD": ("RWD", "Rear Wheel Drive"), "REAR WHEEL DRIVE": ("RWD", "Rear Wheel Drive"),
    "4 WHEEL OR ALL WHEEL DRIVE": ("AWD", "Four Wheel Drive"), "ALL WHEEL DRIVE": ("AWD", "Four Wheel Drive"),
    "PART TIME 4 WHEEL DRIVE": ("4WD", "Four Wheel Drive"), "4 WHEEL DRIVE": ("4WD", "Four Wheel Drive"),
    "AWD": ("AWD", "Four Wheel Drive"), "4WD": ("4WD", "Four Wheel Drive"), "4X4": ("4WD", "Four Wheel Drive"),
    "4X2": (None, "Two Wheel Drive"), "2 WHEEL DRIVE": (None, "Two Wheel Drive"),
}  # fmt: skip
TRANSMISSIONS: Final = {
    "AUTOMATED MANUAL": "Automatic", "AUTO": "Automatic", "AUTOMATIC": "Automatic", "AUTOMATICGEAR": "Automatic",
    "MANUAL": "Manual", "STANDARD": "Manual", "CVT": "Automatic", "CONTINUOUSLY VARIABLE": "Automatic",
    "DUAL CLUTCH": "Automatic", "ELECTRONIC CONTINUOUSLY VARIABLE": "Automatic", "AUTOMAATTI": "Automatic",
    "MANUAALINEN": "Manual",
}  # fmt: skip
FUELS: Final = {
    "PLUGIN PETROL HYBRID": ("Petrol/Electric", "Plug-in Hybrid"),
    "PLUGIN DIESEL HYBRID": ("Diesel/Electric", "Plug-in Hybrid"),
    "PLUG IN HYBRID": (None, "Plug-in Hybrid"), "PHEV": (None, "Plug-in Hybrid"),
    "ELECTRIC PETROL EXTENDED": ("Petrol/Electric", "Plug-in Hybrid"),
    "ELECTRIC DIESEL EXTENDED": ("Diesel/Electric", "Plug-in Hybrid"),
    "BATTERY ELECTRIC": ("Electric", "Electric"), "BEV": ("Electric", "Electric"),
    "ELECTRIC FUEL CELL": ("Hydrogen", "Hydrogen"), "FUEL CELL": ("Hydrogen", "Hydrogen"),
    "HYDROGEN": ("Hydrogen", "Hydrogen"), "WATERSTOF": ("Hydrogen", "Hydrogen"),
    "PETROL ELECTRIC HYBRID": ("Petrol/Electric", "Hybrid"), "PETROL HYBRID": ("Petrol/Electric", "Hybrid"),
    "DIESEL ELECTRIC HYBRID": ("Diesel/Electric", "Hybrid"), "DIESEL HYBRID": ("Diesel/Electric", "Hybrid"),
    "HYBRID ELECTRIC": (None, "Hybrid"), "HYBRID": (None, "Hybrid"),
    "ELECTRIC": ("Electric", "Electric"), "ELECTRICITY": ("Electric", "Electric"), "EL": ("Electric", "Electric"),
    "ELEKTRICITEIT": ("Electric", "Electric"), "SAHKO": ("Electric", "Electric"), "ELEKTRISK": ("Electric", "Electric"),
    "FLEXIBLE FUEL": ("Flex Fuel", "Flex Fuel"), "ETHANOL": ("Flex Fuel", "Flex Fuel"),
    "E85": ("Flex Fuel", "Flex Fuel"),
    "CNG": ("CNG", "Gas"), "LPG": ("LPG", "Gas"), "COMPRESSED NATURAL GAS": ("CNG", "Gas"),
    "LIQUEFIED NATURAL GAS": ("LNG", "Gas"), "LIQUEFIED PETROLEUM GAS": ("LPG", "Gas"), "NATURAL GAS": ("CNG", "Gas"),
    "DIESEL": ("Diesel", "Diesel"), "PETROL": ("Petrol", "Petrol"), "GASOLINE": ("Petrol", "Petrol"),
    "BENZINE": ("Petrol", "Petrol"), "BENZIN": ("Petrol", "Petrol"), "BENSIN": ("Petrol", "Petrol"),
    "BENSIINI": ("Petrol", "Petrol"), "GAS": ("Petrol", "Petrol"),
}  # fmt: skip
# New York's two letters, and words other registers use.
COLOURS: Final = {
    "GY": "Grey", "BK": "Black", "WH": "White", "BL": "Blue", "RD": "Red", "GR": "Green", "OR": "Orange",
    "BR": "Brown", "MR": "Maroon", "TN": "Tan", "YW": "Yellow", "GL": "Gold", "PR": "Purple", "SL": "Silver",
    "GRIJS": "Grey", "ZWART": "Black", "WIT": "White", "BLAUW": "Blue", "ROOD": "Red", "GROEN": "Green",
    "ORANJE": "Orange", "BRUIN": "Brown", "GEEL": "Yellow", "BEIGE": "Beige", "PAARS": "Purple", "ROSE": "Pink",
    "CREME": "Cream", "GRA": "Grey", "SORT": "Black", "HVID": "White", "BLA": "Blue", "ROD": "Red", "GRON": "Green",
    "HVIT": "White", "SOLV": "Silver", "BRUN": "Brown", "GUL": "Yellow", "GREY": "Grey", "GRAY": "Grey",
    "BLACK": "Black", "WHITE": "White", "BLUE": "Blue", "RED": "Red", "GREEN": "Green", "ORANGE": "Orange",
    "BROWN": "Brown", "SILVER": "Silver", "GOLD": "Gold", "YELLOW": "Yellow", "PURPLE": "Purple", "PINK": "Pink",
    "CREAM": "Cream", "MAROON": "Maroon", "TURQUOISE": "Turquoise", "BRONZE": "Bronze",
}  # fmt: skip
_NO_COLOUR: Final = frozenset({"N V T", "DIVERSEN", "NIET GEREGISTREERD", "UNKNOWN", "OTHER", "NOT STATED"})
_MAKES: Final = {
    **{make: make for make in ("BMW", "GMC", "MG", "BYD", "DS", "MINI", "AMC", "TVR", "GAC", "JAC", "NIO")},
    "MCLAREN": "McLaren", "DELOREAN": "DeLorean", "VINFAST": "VinFast", "RAM": "Ram", "KIA": "Kia", "FIAT": "Fiat",
    "SMART": "smart", "TH!NK": "Think", "ROLLS ROYCE": "Rolls-Royce", "MERCEDES BENZ": "Mercedes-Benz",
}  # fmt: skip


@functools.lru_cache(4096)
def body_type(text: str) -> str | None:
    """Return the kind of body a text names.

    >>> body_type("Sport Utility Vehicle (SUV)/Multi-Purpose Vehicle (MPV)"), body_type("SUBN")
    ('SUV', None)
    """
    return _first(text, BODIES)


@functools.lru_cache(4096)
def drive(text: str) -> tuple[str | None, str | None]:
    """Return the drive and its group.

    >>> drive("AWD/All-Wheel Drive"), drive("4WD/4-Wheel Drive/4x4")
    (('AWD', 'Four Wheel Drive'), ('4WD', 'Four Wheel Drive'))
    """
    return _first(text, DRIVES) or (None, None)


@functools.lru_cache(4096)
def transmission_type(text: str) -> str | None:
    """Return the group of a transmission: an automated one is automatic to its driver.

    >>> transmission_type("Manual/Standard"), transmission_type("Dual-Clutch Transmission (DCT)")
    ('Manual', 'Automatic')
    """
    return _first(text, TRANSMISSIONS)


@functools.lru_cache(4096)
def fuel(text: str) -> tuple[str | None, str | None]:
    """Return the fuel and its group.

    >>> fuel("Battery Electric Vehicle (BEV)"), fuel("PLUGIN PETROL HYBRID")
    (('Electric', 'Electric'), ('Petrol/Electric', 'Plug-in Hybrid'))
    """
    return _first(text, FUELS) or (None, None)


@functools.lru_cache(4096)
def colour(text: str) -> str | None:
    """Return a colour in English where the word is known, else the word as published.

    >>> colour("DK/BL"), colour("GY"), colour("WH/BK"), colour("N.v.t.")
    ('Dark Blue', 'Grey', 'White/Black', None)
    """
    words = list(pieces(text))
    if not words or " ".join(words) in _NO_COLOUR:
        return None
    shade = {"DK": "Dark ", "LT": "Light "}.get(words[0], "")
    rest = words[1:] if shade else words
    if rest and all(word in COLOURS for word in rest):
        return shade + "/".join(COLOURS[word] for word in rest)
    return text.strip().capitalize() or None


@functools.lru_cache(4096)
def make_shown(text: str) -> str:
    """Return a make as it is shown.

    >>> make_shown("MERCEDES-BENZ"), make_shown("TESLA"), make_shown("VW"), make_shown("Opel")
    ('Mercedes-Benz', 'Tesla', 'Volkswagen', 'Opel')
    """
    text = " ".join(text.split())
    plain = " ".join(pieces(text))
    if make_key(text) != plain:
        text = make_key(text)
    known = _MAKES.get(text.upper()) or _MAKES.get(plain)
    return known or (text.title() if text.isupper() else text)


def model_shown(text: str) -> str:
    """Return a model as it is shown: words of a register that is written in capitals only get one capital each.

    >>> model_shown("MODEL 3"), model_shown("RAV4 PRIME"), model_shown("i3"), model_shown("EQB-CLASS")
    ('Model 3', 'RAV4 Prime', 'i3', 'EQB-Class')
    """
    text = " ".join(text.split())
    if not text.isupper():
        return text
    return " ".join("-".join(_shown(part) for part in word.split("-")) for word in text.split(" "))


def _shown(word: str) -> str:
    plain = word.isalpha() and len(word) > 3
    return word.capitalize() if plain else word


def _first(text: str, table: Mapping[str, T]) -> T | None:
    """Return what the phrase that comes first in a text stands for, the longest where several begin there."""
    words = " ".join(pieces(text))
    if words in table:
        return table[words]
    padded = f" {words} "
    best = min(
        ((padded.find(f" {phrase} "), -len(phrase), phrase) for phrase in table if f" {phrase} " in padded),
        default=None,
    )
    return None if best is None else table[best[2]]


HEBREW_MAKES: Final = {
    "טויוטה": "Toyota", "יונדאי": "Hyundai", "קיה": "Kia", "מאזדה": "Mazda", "סקודה": "Skoda", "סוזוקי": "Suzuki",
    "מיצובישי": "Mitsubishi", "ניסאן": "Nissan", "הונדה": "Honda", "פולקסווגן": "Volkswagen", "פורד": "Ford",
    "שברולט": "Chevrolet", "רנו": "Renault", "פיג'ו": "Peugeot", "סיטרואן": "Citroen", "סיאט": "Seat", "אאודי": "Audi",
    "אודי": "Audi", "ב מ וו": "BMW", "במוו": "BMW", "מרצדס": "Mercedes-Benz", "וולוו": "Volvo", "סובארו": "Subaru",
    "דאציה": "Dacia", "דאצ'יה": "Dacia", "אופל": "Opel", "פיאט": "Fiat", "לקסוס": "Lexus", "טסלה": "Tesla",
    "ג'יפ": "Jeep", "לנדרובר": "Land Rover", "פורשה": "Porsche", "ביואיק": "Buick", "קאדילק": "Cadillac",
    "אינפיניטי": "Infiniti", "יגואר": "Jaguar", "מיני": "MINI", "קופרה": "Cupra", "בי ווי די": "BYD",
    "אלפא רומיאו": "Alfa Romeo", "דודג'": "Dodge", "קרייזלר": "Chrysler", "איסוזו": "Isuzu",
}  # fmt: skip


@functools.lru_cache(4096)
def hebrew_make(text: str) -> str | None:
    """Return the make that begins a text of Israel's register, which goes on with the country of its plant.

    >>> hebrew_make("טסלה ארה\\"ב"), hebrew_make("TESLA")
    ('Tesla', 'Tesla')
    """
    text = " ".join(text.replace("-", " ").split())
    if text.isascii():
        return make_shown(text)
    return next((make for word, make in HEBREW_MAKES.items() if f"{text} ".startswith(f"{word} ")), None)
