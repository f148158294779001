"""Files of registers as their publishers write them, with cars and people that are made up."""

from __future__ import annotations

from carwire.core.lookup.formats import Format
from carwire.registers.formats import formats

PERSON = "JANE Q PERSON"
ADDRESS = "12 NOWHERE STREET"
WA_17 = (
    *("VIN (1-10)", "County", "City", "State", "Postal Code", "Model Year", "Make", "Model", "Electric Vehicle Type"),
    *("Clean Alternative Fuel Vehicle (CAFV) Eligibility", "Electric Range", "Base MSRP", "Legislative District"),
    *("DOL Vehicle ID", "Vehicle Location", "Electric Utility", "2020 Census Tract"),
)
WA_15 = (*(name if name != "Postal Code" else "ZIP Code" for name in WA_17[:15]),)
WA_16 = tuple(name for name in WA_17 if name != "Base MSRP")
NY_20 = (
    *("Record Type", "VIN", "Registration Class", "City", "State", "Zip", "County", "Model Year", "Make", "Body Type"),
    *("Fuel Type", "Unladen Weight", "Maximum Gross Weight", "Passengers", "Reg Valid Date", "Reg Expiration Date"),
    *("Color", "Scofflaw Indicator", "Suspension Indicator", "Revocation Indicator"),
)
# One car of each format, by heading.
CARS: dict[str, dict[str, str]] = {
    "wa-ev": {
        **{"VIN (1-10)": "5YJ3E1EAXJ", "Model Year": "2018", "Make": "TESLA", "Model": "MODEL 3"},
        **{"Electric Vehicle Type": "Battery Electric Vehicle (BEV)", "Electric Range": "215"},
    },
    "ny-dmv": {
        **{
            "Record Type": "VEH",
            "VIN": "5YJ3E1EAXJF000001",
            "Model Year": "2018",
            "Make": "TESLA",
            "Body Type": "4DSD",
        },
        **{"Fuel Type": "ELECTRIC  ", "Unladen Weight": "3814", "Reg Valid Date": "11/02/2018"},
        **{"Reg Expiration Date": "11/01/2020", "Color": "DK/BL"},
    },
    "nz-mvr": {
        **{"VIN11": "7A8CF0123AB", "MAKE": "TOYOTA", "MODEL": "COROLLA", "SUBMODEL": "GX", "VEHICLE_YEAR": "2014"},
        **{"MOTIVE_POWER": "PETROL", "TRANSMISSION_TYPE": "AUTOMATIC", "BODY_TYPE": "HATCHBACK", "CC_RATING": "1798"},
        **{"BASIC_COLOUR": "RED", "ENGINE_NUMBER": PERSON, "NUMBER_OF_SEATS": "5"},
    },
    "nl-rdw": {
        **{"Kenteken": "XX123Y", "Voertuigsoort": "Personenauto", "Merk": "RENAULT", "Handelsbenaming": "ZOE"},
        **{"Inrichting": "hatchback", "Eerste kleur": "GRIJS", "Datum eerste toelating": "20190531"},
        **{"Vervaldatum APK": "20270531", "Aantal deuren": "4", "Massa rijklaar": "1543", "Export indicator": "Nee"},
    },
    "fi-traficom": {
        **{"merkkiSelvakielinen": "Škoda", "kaupallinenNimi": "OCTAVIA", "valmistenumero2": "TMBJJ7NE1F"},
        **{"ensirekisterointipvm": "2015-03-01", "kayttovoima": "01", "iskutilavuus": "1395", "vari": "8"},
        **{"suurinNettoteho": "103", "ovienLukumaara": "5"},
    },
    "no-technical": {
        **{"kjennemerke": "XX 12345", "understellsnr": "YV1AAAAAAE1000001", "merkekode": "VOLVO"},
        **{"modellbetegnelse": "V70", "reg_aar": "2014", "farge": "HVIT"},
    },
    "dk-dmr": {
        **{"KoeretoejOplysningStelNummer": "TMBJJ7NE8F0000001", "RegistreringNummerNummer": "XX12345"},
        **{
            "KoeretoejMaerkeTypeNavn": "SKODA",
            "KoeretoejModelTypeNavn": "OCTAVIA",
            "KoeretoejOplysningModelAar": "2015",
        },
        **{"KoeretoejVariantTypeNavn": "1,4 TSI AMBITION", "DrivkraftTypeNavn": "Benzin", "FarveTypeNavn": "Grå"},
        **{"KoeretoejRegistreringStatus": "Registreret", "KoeretoejOplysningStatus": "Afmeldt"},
    },
    "il-vehicles": {
        **{
            "mispar_rechev": "12345678",
            "tozeret_nm": "יונדאי קוריאה",
            "kinuy_mishari": "IONIQ",
            "shnat_yitzur": "2020",
        },
        **{"misgeret": "KMHC85LJ0LU000001", "ramat_gimur": "PREMIUM", "tzeva_rechev": "לבן", "sug_delek_nm": "חשמל"},
        **{"moed_aliya_lakvish": "2020-7", "baalut": PERSON},
    },
    "uk-mot": {
        **{"test_id": "1", "vehicle_id": "2", "make": "FORD", "model": "FIESTA", "fuel_type": "PE"},
        **{"cylinder_capacity": "1242", "first_use_date": "2012-03-01", "postcode_area": ADDRESS},
    },
    "nyc-fhv": {
        **{"DMV License Plate Number": "T000000C", "Vehicle VIN Number": "5YJ3E1EAXJF000001", "Vehicle Year": "2018"},
        **{"Name": PERSON, "Base Address": ADDRESS},
    },
}


def header_of(form: Format) -> tuple[str, ...]:
    """Every column of a format, those about people too."""
    return tuple(dict.fromkeys((*form.needs, *sorted(form.columns()), *form.knows, *form.drops)))


def car_of(form: Format, **changes: str) -> dict[str, str]:
    """One car, with a person in every column about people."""
    return {**dict.fromkeys(form.drops, PERSON), **CARS[form.name], **changes}


def csv_of(form: Format, cars: list[dict[str, str]], header: tuple[str, ...] | None = None, end: str = "\r\n") -> str:
    """A file of cars."""
    names = header or header_of(form)
    separator = form.separator or ","
    lines = [names, *(tuple(car.get(name, "") for name in names) for car in cars)]
    return "".join(separator.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in line) + end for line in lines)


def xml_of(form: Format, cars: list[dict[str, str]]) -> str:
    """A file of Denmark's kind."""
    records = []
    for car in cars:
        leaves = "".join(f"<ns:{name}>{value}</ns:{name}>" for name, value in car.items())
        records.append(f"<ns:{form.record}><ns:Struktur>{leaves}</ns:Struktur></ns:{form.record}>")
    space = 'xmlns:ns="http://skat.dk/dmr/2007/05/31/"'
    return f"<?xml version='1.0' encoding='UTF-8'?><ns:Liste {space}>{''.join(records)}</ns:Liste>"


def text_of(form: Format, cars: list[dict[str, str]]) -> str:
    """A file as its publisher writes it."""
    return xml_of(form, cars) if form.kind == "xml" else csv_of(form, cars)


ALL = tuple(name for name, form in formats().items() if not form.catalogue)
