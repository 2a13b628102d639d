"""The ward as values and functions: no input or output, no clock, no asyncio.

Everything clinical lives here. `now` is always an argument; functions return values and events.
Nothing in this package may import from the rest of the hub.
"""
