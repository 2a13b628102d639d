"""Replays recordings as monitors would have sent them."""
