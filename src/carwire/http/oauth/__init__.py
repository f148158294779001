"""The OAuth endpoints that programs call: token, revocation, metadata."""
