"""The module of signal codes is what the server's catalogue says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

from carwire.core.signals.catalogue import signals
from carwire_client import signals as codes

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import signal_codes


def test_the_module_is_up_to_date() -> None:
    written = (signal_codes.ROOT / signal_codes.MODULE).read_text("utf-8")
    assert written == signal_codes.module(), "run `make docs`"


def test_every_published_code_is_a_constant_and_no_other() -> None:
    published = {code for code, row in signals().items() if row.kind in {"signal", "attribute"}}
    constants = {value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)}
    assert published == constants == set(codes.CODES) == set(get_args(codes.SignalCode))
    assert len(published) == 93
    assert codes.TRACTIONBATTERY_STATEOFCHARGE == "tractionbattery-stateofcharge"
