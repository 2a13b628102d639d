"""Who and what the hub knows: units, beds, patients, stays, devices, staff and their accounts.

The registry keeps the truth in PostgreSQL and hands out pictures of it. It imports no other
feature and never holds a password in the clear for longer than it takes to hash or hand over.
"""
