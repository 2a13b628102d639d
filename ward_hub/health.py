"""Whether the hub is well, for operators and their monitoring: `/healthz` and `/metrics`.

Parts report themselves through probes; nothing here knows what a broker or a database is. The
answers hold counts and states, never anything about a patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Probe:
    """How one part is: well or not, and in words. A `vital` part that is not well fails the hub."""

    is_well: bool
    detail: str
    vital: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One number for Prometheus. `labels` are names and values, in order."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    is_counter: bool = True


Figures = Callable[[], Iterable[Figure]]


class Health:
    """The probes and figures of one hub."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._probes: dict[str, Callable[[], Probe]] = {}
        self._figures: list[Figures] = []

    def watch(self, name: str, probe: Callable[[], Probe]) -> None:
        """Ask `probe` whenever somebody wants to know how `name` is."""
        self._probes[name] = probe

    def measure(self, figures: Figures) -> None:
        """Include these numbers in the metrics."""
        self._figures.append(figures)

    def report(self) -> tuple[int, dict[str, object]]:
        """The HTTP status (503 when a vital part is not well) and the report itself."""
        probes = {name: probe() for name, probe in self._probes.items()}
        failing = any(probe.vital and not probe.is_well for probe in probes.values())
        degraded = any(not probe.is_well for probe in probes.values())
        state = "failing" if failing else "degraded" if degraded else "ok"
        parts = {
            name: {"well": probe.is_well, "detail": probe.detail} for name, probe in probes.items()
        }
        return (503 if failing else 200), {
            "status": state,
            "version": self._version,
            "parts": parts,
        }

    def metrics(self) -> bytes:
        """All figures in Prometheus' text format."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Figures(self._figures))
        return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, sources: list[Figures]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for source in self._sources:
            for figure in source():
                family = families.get(figure.name)
                if family is None:
                    family = families[figure.name] = _family(figure)
                family.add_sample(_sample_name(figure), dict(figure.labels), figure.value)
        yield from families.values()


def _family(figure: Figure) -> Metric:
    if figure.is_counter:
        return CounterMetricFamily(figure.name, figure.help)
    return GaugeMetricFamily(figure.name, figure.help)


def _sample_name(figure: Figure) -> str:
    return f"{figure.name}_total" if figure.is_counter else figure.name


def health_router(health: Health) -> APIRouter:
    """`/healthz` and `/metrics`."""
    router = APIRouter()

    @router.get("/healthz", include_in_schema=True, summary="Whether the hub is well")
    def healthz() -> JSONResponse:
        status, report = health.report()
        return JSONResponse(report, status_code=status)

    @router.get("/metrics", include_in_schema=True, summary="Figures for Prometheus")
    def metrics() -> Response:
        return Response(health.metrics(), media_type=CONTENT_TYPE)

    return router
