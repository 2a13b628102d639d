"""`ward-hub bench`: measurements a person can repeat on their own machine.

Everything runs on loopback, is bounded in time and ends by itself. Nothing here is used by the hub.
"""
