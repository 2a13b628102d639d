"""From the broker to samples: reading payloads, placing them in time, writing them down.

Nothing here decides what is clinical. The live path (parse, place, hand to the ward) never waits
for the database; a message is acknowledged to the broker only when it is on disk.
"""
