"""Staff screens: pages, live streams, sessions and the JSON API.

Everything a browser gets leaves through here, and every byte is checked against the rights of the
one who receives it. This package imports no other feature; what it needs it is given (`deps.py`).
"""
