"""Tests of the early-warning scores."""
