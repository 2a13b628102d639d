"""The staff screens in a real browser, against a hub that plays what a test scripts."""
