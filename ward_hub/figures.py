"""The hub's figures for Prometheus: what came in, what was refused, what waits, which alarms."""

from __future__ import annotations

from collections.abc import Iterator

from ward_hub.alerts.watch import WardWatch, count_by_kind
from ward_hub.health import Figure
from ward_hub.ingest.intake import Intake
from ward_hub.ingest.recorder import Recorder
from ward_hub.supervise import Supervisor


def hub_figures(
    intake: Intake, watch: WardWatch, recorder: Recorder, supervisor: Supervisor
) -> Iterator[Figure]:
    """Everything that is counted, as it is now."""
    yield from _intake(intake)
    yield from _recorder(recorder)
    for (kind, priority), count in count_by_kind(watch.open_alarms()).items():
        labels = (("kind", kind), ("priority", priority))
        yield Figure("ward_alarms_open", "Open alarms", count, labels, is_counter=False)
    for task, count in supervisor.failures.items():
        yield Figure("ward_failures", "Failures of the hub's loops", count, (("task", task),))


def _intake(intake: Intake) -> Iterator[Figure]:
    stats = intake.stats
    for kind, count in stats.messages.items():
        yield Figure("ward_messages", "Messages received", count, (("kind", kind.value),))
    for reason, count in intake.rejects.totals.items():
        labels = (("reason", reason.value),)
        yield Figure("ward_rejects", "Messages and values refused", count, labels)
    yield Figure("ward_samples", "Samples taken in", stats.samples)
    yield Figure("ward_samples_late", "Samples older than 10 s on arrival", stats.late)
    yield Figure("ward_duplicates", "Messages that came twice", stats.duplicates)
    yield Figure("ward_gaps", "Gaps in sequence numbers", stats.gaps)
    yield Figure("ward_missing", "Messages that never came", stats.missing)


def _recorder(recorder: Recorder) -> Iterator[Figure]:
    stats = recorder.stats
    yield Figure("ward_records", "Records taken in", stats.recorded)
    yield Figure("ward_records_committed", "Records committed at once", stats.committed)
    yield Figure("ward_records_spooled", "Records that went to the spool", stats.spooled)
    yield Figure("ward_records_drained", "Records that came from the spool", stats.drained)
    waiting = recorder.state.waiting
    yield Figure("ward_records_waiting", "Records in the spool", waiting, is_counter=False)
