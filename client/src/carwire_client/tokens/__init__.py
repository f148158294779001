"""Keeping an owner's tokens, and renewing them: once, whoever asks."""
