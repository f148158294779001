"""The structure of a VIN: what is read, what is refused and where, check digits, sections and years."""

from __future__ import annotations

import random

import pytest

from carwire.core.errors import InvalidInput
from carwire.core.vin.structure import BLANKS, compute_check_digit, normalise, parse
from carwire.core.vin.years import year_candidates

GOLF = "WVWZZZ1KZAW000123"
COACH = "1M8GDM9AXKP042788"  # the standard's own example, check digit X
ACCORD = "1HGCM82633A004352"
ALPHABET = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"


def digit_by_49_cfr_565(vin: str) -> str:
    """The check digit by the tables of 49 CFR 565.15(c), written down here a second time."""
    values = {character: int(character) for character in "0123456789"}
    for letters, first in (("ABCDEFGH", 1), ("JKLMN", 1), ("P", 7), ("R", 9), ("STUVWXYZ", 2)):
        values |= {letter: first + offset for offset, letter in enumerate(letters)}
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    rest = sum(values[vin[i]] * weights[i] for i in range(17) if i != 8) % 11
    return "X" if rest == 10 else str(rest)


def refusal(text: str) -> str:
    """Return the message `parse` refuses `text` with, on the field ``vin`` and no other."""
    with pytest.raises(InvalidInput) as caught:
        parse(text, this_year=2026)
    (problem,) = caught.value.fields
    assert problem.field == "vin"
    assert problem.message.isascii()
    assert len(problem.message) < 200
    return problem.message


@pytest.mark.parametrize("blank", list(BLANKS))
def test_each_blank_and_hyphen_is_dropped_anywhere(blank: str) -> None:
    assert normalise(blank.join(GOLF)) == GOLF
    assert normalise(f"{blank}{GOLF[:3]}{blank}{blank}{GOLF[3:]}{blank}") == GOLF


@pytest.mark.parametrize("text", [GOLF.lower(), GOLF.swapcase(), GOLF.title(), "wvw zzz-1kz Aw0 00123"])
def test_letter_case_does_not_matter(text: str) -> None:
    assert normalise(text) == GOLF


def test_the_longest_input_that_fits_is_read_and_one_more_is_refused() -> None:
    padded = GOLF + " " * 47
    assert len(padded) == 64
    assert normalise(padded) == GOLF
    assert "65 characters" in refusal(padded + " ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" - \u2013\u00a0", "empty"),
        ("-" * 64, "empty"),
        ("A" * 18, "18 characters"),
        ("A" * 64, "64 characters"),
        ("A" * 65, "65 characters"),
        ("*" * 18, "18 characters"),
    ],
)
def test_a_wrong_length_is_refused_with_the_length(text: str, said: str) -> None:
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("text", "position", "shown"),
    [
        ("WVWZZZ1KZAW00012\u0131", 17, r"\u0131"),  # dotless i
        ("\uff37VWZZZ1KZAW000123", 1, r"\uff37"),  # full-width W
        ("WV\u0410ZZZ1KZAW000123", 3, r"\u0410"),  # Cyrillic A
        ("WVWZZZ1KZAW00012\u00df", 17, r"\xdf"),  # sharp s, SS in upper case
        ("wvwzzz1kzaw00012\u00df", 17, r"\xdf"),
        ("wvw\u0131zz1kzaw000123", 4, r"\u0131"),
        ("1m8gdm9axkp04278\u017f", 17, r"\u017f"),  # long s, S in upper case
        ("1m8gdm9axkp04278\u212a", 17, r"\u212a"),  # Kelvin sign
        ("WVWZZZ1KZAW00012\u0663", 17, r"\u0663"),  # an Arabic digit
        ("WVWZZZ1KZAW00012\u00b2", 17, r"\xb2"),  # superscript two
        ("WVWZZZ1KZAW0001\u0301", 16, r"\u0301"),  # a combining accent
        ("WVW\u200bZZZ1KZAW000123", 4, r"\u200b"),  # a blank of no width is none of ours
        ("WVWZZZ\0KZAW000123", 7, r"\x00"),
        ("WVWZZZ1KZAW000123\n", 18, r"\n"),
        ("\ud800", 1, r"\ud800"),
        ("\U0001f697", 1, r"\U0001f697"),
        ("WVW_ZZ", 4, "_"),
        ("W V-W!", 4, "!"),  # counted among the kept ones
        ("\u00e9" * 20, 1, r"\xe9"),  # the character is named before the length
    ],
)
def test_what_only_looks_like_a_vin_character_is_refused_where_it_stands(text: str, position: int, shown: str) -> None:
    assert refusal(text) == f"position {position} is '{shown}', which no VIN contains"


@pytest.mark.parametrize("character", ["I", "O", "Q"])
@pytest.mark.parametrize("position", range(1, 18))
def test_i_o_and_q_are_pointed_at_and_not_replaced(character: str, position: int) -> None:
    text = COACH[: position - 1] + character.lower() + COACH[position:]
    found = parse(text, this_year=2026)
    assert found.vin == COACH[: position - 1] + character + COACH[position:]
    looks = [(p.position, p.character) for p in found.problems if p.kind == "look_alike"]
    assert looks == [(position, character)]
    if position != 9:
        assert found.check_digit.computed is None
        assert found.check_digit.valid is None


def test_every_look_alike_is_listed_in_order() -> None:
    found = parse("IOQ*", this_year=2026)
    assert [(p.kind, p.position) for p in found.problems] == [
        ("too_short", None),
        ("look_alike", 1),
        ("look_alike", 2),
        ("look_alike", 3),
        ("unknown_character", 4),
    ]


def test_an_unknown_character_keeps_the_check_digit_from_being_computed_unless_it_stands_there() -> None:
    assert parse("1M8GDM9AXKP0427*8", this_year=2026).check_digit.computed is None
    there = parse("1M8GDM9A*KP042788", this_year=2026).check_digit
    assert (there.given, there.computed) == ("*", "X")


@pytest.mark.parametrize("vin", [COACH, ACCORD, "5YJ3E1EA0KF000123", "11111111111111111"])
def test_the_examples_of_49_cfr_have_the_right_digit(vin: str) -> None:
    found = parse(vin, this_year=2026)
    assert found.check_digit.rule == "north_america"
    assert found.check_digit.given == found.check_digit.computed == vin[8]
    assert found.check_digit.valid is True
    assert found.problems == ()


def test_2000_random_vins_have_the_digit_of_a_second_implementation() -> None:
    chance = random.Random(565)
    seen = set()
    for _ in range(2000):
        vin = "".join(chance.choices(ALPHABET, k=17))
        expected = digit_by_49_cfr_565(vin)
        assert compute_check_digit(vin) == expected
        seen.add(expected)
    assert seen == set("0123456789X")


def test_one_wrong_character_is_always_found_unless_it_has_the_same_value() -> None:
    for position in range(17):
        for character in ALPHABET:
            wrong = COACH[:position] + character + COACH[position + 1 :]
            same = digit_by_49_cfr_565(wrong) == wrong[8]
            found = parse(wrong, this_year=2026)
            if found.check_digit.rule != "none":
                assert found.check_digit.valid is same
                assert ("check_digit" in {p.kind for p in found.problems}) is not same


def test_a_wrong_digit_is_a_problem_at_position_9() -> None:
    (problem,) = parse("1M8GDM9A1KP042788", this_year=2026).problems
    assert (problem.kind, problem.position, problem.character) == ("check_digit", 9, "1")
    assert "computed is X" in problem.message


@pytest.mark.parametrize(
    "vin", [GOLF, "JHMGR3870MX012345", "VF1RFB00X65012345", "9BWAG45U9MT012345", "6FPAAAJGSW8A12345"]
)
def test_outside_north_america_and_china_no_check_digit_is_demanded(vin: str) -> None:
    found = parse(vin, this_year=2026)
    assert (found.check_digit.rule, found.check_digit.valid) == ("none", None)
    assert found.check_digit.computed == digit_by_49_cfr_565(vin)
    assert found.problems == ()


def test_china_demands_a_check_digit() -> None:
    right = "LRW3E7FS?MC012345".replace("?", digit_by_49_cfr_565("LRW3E7FS0MC012345"))
    assert parse(right, this_year=2026).check_digit.rule == "china"
    assert parse(right, this_year=2026).check_digit.valid is True
    wrong = right[:8] + ("1" if right[8] != "1" else "2") + right[9:]
    assert parse(wrong, this_year=2026).check_digit.valid is False


@pytest.mark.parametrize(
    ("vin", "rule"),
    [
        ("7SAYGDEE6NF000123", "north_america"),  # Tesla, Austin
        ("7FCTGAAA7PN000123", "north_america"),  # Rivian, Normal
        ("7MMVABBM9PN000123", "north_america"),  # Mazda Toyota, Huntsville
        ("7A8AAAAA1PN000123", "none"),  # New Zealand's older area
    ],
)
def test_seven_is_the_united_states_too_but_for_the_older_area_of_new_zealand(vin: str, rule: str) -> None:
    found = parse(vin, this_year=2026)
    assert found.check_digit.rule == rule
    assert found.check_digit.valid is (True if rule == "north_america" else None)


@pytest.mark.parametrize(
    ("vin", "wmi", "small"),
    [
        ("SA9AAAAAXAA123456", "SA9123", True),
        ("SA9AAAAAXAA12", "SA9", True),
        ("SA9AAAAAXAA123", "SA9123", True),
        ("SA9AAAAAXAA1*3456", "SA9", True),
        ("1M9AAAAAXAAB23456", "1M9B23", True),
        (GOLF, "WVW", False),
        ("WVW", "WVW", False),
        ("WV", None, False),
        ("W*W", None, False),
        ("***", None, False),
    ],
)
def test_a_small_maker_is_told_by_six_characters(vin: str, wmi: str | None, small: bool) -> None:
    found = parse(vin, this_year=2026)
    assert (found.wmi, found.small_maker) == (wmi, small)


@pytest.mark.parametrize("vin", [GOLF, COACH, "LRW3E7FS2MC012345"])
@pytest.mark.parametrize("length", range(1, 18))
def test_a_partial_vin_is_answered_as_far_as_it_reaches(vin: str, length: int) -> None:
    found = parse(vin[:length], this_year=2026)
    assert found.vin == vin[:length]
    assert found.complete is (length == 17)
    assert found.wmi == (vin[:3] if length >= 3 else None)
    assert found.vds == (vin[3:9] if length >= 9 else None)
    assert found.vis == (vin[9:] if length == 17 else None)
    assert found.plant_code == (vin[10] if length >= 11 else None)
    assert found.serial == (vin[11:] if length == 17 else None)
    assert found.check_digit.given == (vin[8] if length >= 9 else None)
    assert (found.check_digit.computed is None) is (length < 17)
    assert (found.model_years == ()) is (length < 10)
    assert (found.country is None) is (length < 2)
    assert found.region is not None
    assert ("too_short" in {p.kind for p in found.problems}) is (length < 17)


YEARS = {"A": 2010, "H": 2017, "J": 2018, "N": 2022, "P": 2023, "R": 2024, "S": 2025, "T": 2026, "V": 2027, "W": 2028}


@pytest.mark.parametrize(("code", "year"), YEARS.items())
def test_position_7_tells_the_round_of_thirty_years_in_north_america(code: str, year: int) -> None:
    letter = year_candidates(f"1HGCM8A63{code}", north_american=True, this_year=2026)
    number = year_candidates(f"1HGCM8263{code}", north_american=True, this_year=2026)
    assert [c.year for c in letter] == [year, year - 30]
    assert [c.year for c in number] in ([year - 30, year], [year - 30])
    assert all("position 7" in c.reason for c in letter)


@pytest.mark.parametrize(("code", "year"), [("X", 1999), ("Y", 2000), ("1", 2001), ("9", 2009)])
@pytest.mark.parametrize("seventh", "2A")
def test_a_year_still_to_come_leaves_one_certain_year(code: str, year: int, seventh: str) -> None:
    (found,) = year_candidates(f"1HGCM8{seventh}63{code}", north_american=True, this_year=2026)
    assert (found.year, found.certain) == (year, True)


@pytest.mark.parametrize(("this_year", "years"), [(2026, [1999]), (2027, [2029, 1999])])
def test_years_more_than_two_ahead_are_left_out(this_year: int, years: list[int]) -> None:
    for american in (True, False):
        found = year_candidates("1HGCM8A63X", north_american=american, this_year=this_year)
        assert [c.year for c in found] == years


@pytest.mark.parametrize("code", "IOQUZ0*")
@pytest.mark.parametrize("american", [True, False])
def test_what_is_no_year_code_gives_no_year(code: str, american: bool) -> None:
    assert year_candidates(f"1HGCM8263{code}A004352", north_american=american, this_year=2026) == ()


def test_outside_north_america_no_year_is_certain() -> None:
    for code in (*YEARS, *"XY123456789"):
        found = year_candidates(f"WVWZZZ1KZ{code}", north_american=False, this_year=2026)
        assert found
        assert not any(c.certain for c in found)
        assert all(c.year <= 2028 for c in found)


def test_an_unknown_position_7_leaves_both_years_and_says_so() -> None:
    found = year_candidates("1HGCM8*63K", north_american=True, this_year=2026)
    assert [(c.year, c.certain) for c in found] == [(2019, False), (1989, False)]
    assert all("not known" in c.reason for c in found)
