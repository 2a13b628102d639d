"""The alarm engine's service: feeds the pure engine, keeps its journal, tells the world.

What is an alarm is decided in `core/`. This package brings the engine what arrived, the time and
the nurses' acknowledgements, and writes down everything that happened before anybody relies on it.
"""
