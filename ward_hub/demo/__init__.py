"""`ward-hub demo`: a whole simulated ward on one machine, with nothing to install by hand.

It starts an embedded PostgreSQL, an embedded broker and the simulator as programs of its own and
the hub itself, and ends each of them when it is told to stop. It is for looking and learning: the
embedded broker keeps nothing for a hub that is away, and the database is a small one.
"""
