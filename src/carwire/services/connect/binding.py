"""What ties a run to one browser and a form to its page: the cookie, and a token that only its holder can make."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import Final

from carwire.kit.secrets import Secret

_FORM: Final = b"carwire connect form"


def form_token(cookie: Secret) -> str:
    """Return the token every form of this browser carries (against cross-site requests)."""
    key = sha256(cookie.reveal().encode("utf-8", "surrogatepass")).digest()  # HMAC takes "a" and "a\0" for one key
    digest = hmac.digest(key, _FORM, "sha256")
    return base64.urlsafe_b64encode(digest[:18]).decode()


def is_form_token(cookie: Secret, token: str) -> bool:
    """Tell whether a form carries its browser's token, in constant time."""
    return hmac.compare_digest(form_token(cookie).encode(), token.encode("utf-8", "surrogatepass"))
