"""A patient going through a scenario: numbers as a function of seed and elapsed time, however
often one asks."""

from __future__ import annotations

import random

from device_sim.patient import STEP_S, Body, Physiology
from device_sim.scenario import Scenario, Situation


class Course:
    """Steps a body through a scenario in whole seconds of scenario time."""

    def __init__(
        self, scenario: Scenario, seed: int, *, rate: float | None = None, start_s: float = 0.0
    ) -> None:
        rng = random.Random(f"body {seed}")
        self._scenario = scenario
        self._rate = rate or scenario.rate
        self._start_s = start_s
        self._body = Body(scenario.baseline.varied(rng), rng)
        self._steps = 0
        self._asked_s = -1.0
        self._situation = Situation()
        self._now = self._advance_once()
        self._catch_up(start_s)

    def situation(self, elapsed_s: float) -> Situation:
        """What the scenario says `elapsed_s` seconds after the device started."""
        if self._asked_s != elapsed_s:
            self._asked_s = elapsed_s
            self._situation = self._scenario.at(self._scenario_s(elapsed_s))
        return self._situation

    def step(self, elapsed_s: float) -> Physiology:
        """The patient `elapsed_s` seconds after the start; time only goes forward."""
        self._catch_up(self._scenario_s(elapsed_s))
        return self._now

    def _scenario_s(self, elapsed_s: float) -> float:
        return self._start_s + elapsed_s * self._rate

    def _catch_up(self, scenario_s: float) -> None:
        while self._steps * STEP_S <= scenario_s:
            self._now = self._advance_once()

    def _advance_once(self) -> Physiology:
        situation = self._scenario.at(self._steps * STEP_S)
        self._steps += 1
        return self._body.step(situation.drivers, situation.rhythm)
