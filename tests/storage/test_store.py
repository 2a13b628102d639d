"""Every record once, whatever is given twice; and nothing poisonous stops the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import psycopg
import pytest

from tests.storage import ward
from tests.storage.ward import MONITOR, START, STAY, StoppedClock, fetch, later, vital, wave
from ward_hub.core.ids import DeviceId
from ward_hub.core.records import Record, VitalRecord
from ward_hub.core.vitals import VITALS
from ward_hub.ingest import blocks
from ward_hub.ingest.rows import CLOCK_OFF, LATE, VITAL_COLUMNS, WAVE_COLUMNS
from ward_hub.ingest.store import Store


@pytest.fixture
def dsn(migrated_database: str) -> str:
    ward.register(migrated_database, MONITOR, "mon-0002")
    return migrated_database


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    store = Store(dsn, StoppedClock())
    yield store
    store.close()


@pytest.fixture
def restarted(dsn: str) -> Iterator[Callable[[], Store]]:
    """A store as a hub that has just been started would have it."""
    made: list[Store] = []

    def start() -> Store:
        made.append(Store(dsn, StoppedClock(later(60))))
        return made[-1]

    yield start
    for store in made:
        store.close()


def _count(dsn: str, table: str) -> int:
    return int(fetch(dsn, f"SELECT count(*) FROM {table}")[0][0])


def _columns(dsn: str, table: str) -> list[str]:
    text = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
    return [name for (name,) in fetch(dsn, f"{text} ORDER BY attnum", table)]


def test_vital_has_one_column_for_each_known_vital_in_order(dsn: str) -> None:
    columns = _columns(dsn, "vital")
    assert columns[columns.index("flags") + 1 : -1] == list(VITALS)
    assert columns == list(VITAL_COLUMNS)
    assert _columns(dsn, "wave_block") == list(WAVE_COLUMNS)


def test_a_sample_is_stored_whole(dsn: str, store: Store) -> None:
    record = vital(
        4711,
        {"hr": 0.0, "spo2": None, "temp": 36.8, "st_ii": -1.5},
        received_at=later(1),
        quality={"spo2": "motion"},
        measured_at={"temp": START},
        unknown={"bis": 41.25, "nul\x00l": None},
        late=True,
    )
    store.write([record])
    text = "SELECT time, received_at, device_at, stay_id, seq, flags, hr, spo2, temp, st_ii, extra"
    assert fetch(dsn, f"{text} FROM vital") == [
        (
            *(record.at, record.received_at, None, STAY, 4711, LATE, 0.0, None, 36.8, -1.5),
            {
                "q": {"spo2": "motion"},
                "at": {"temp": "2026-11-22T07:00:00Z"},
                "u": {"bis": 41.25, "nul\ufffdl": None},
                "null": ["spo2"],
            },
        )
    ]


def test_every_vital_lands_in_its_own_column(dsn: str, store: Store) -> None:
    values: dict[str, float | None] = {name: 10.5 + n for n, name in enumerate(VITALS)}
    store.write([vital(1, values)])
    assert fetch(dsn, f"SELECT {', '.join(VITALS)}, extra FROM vital") == [(*values.values(), None)]


def test_a_wave_block_reads_back_as_sent(dsn: str, store: Store) -> None:
    data = b"".join((n * n % 3000 - 1500).to_bytes(2, "little", signed=True) for n in range(250))
    store.write([wave(3, data)])
    row = fetch(dsn, "SELECT time, seq, rate_hz, scale, samples, unit, codec, data FROM wave_block")
    assert row[0][:6] == (later(3), 3, 250.0, 0.005, 250, "mV")
    assert blocks.decode(*row[0][6:]) == data


def test_the_same_batch_twice_is_stored_once(dsn: str, store: Store) -> None:
    batch: list[Record] = [
        *(vital(n) for n in range(5)),
        *(wave(n) for n in range(5)),
        ward.alarm("a1", "raised", "active", later(1)),
        ward.gap(5, 7, 3),
        ward.reject(later(2), 10),
        ward.link(later(0), "online"),
    ]
    store.write([*batch, *batch[:3]])
    store.write(batch)
    counts = {
        table: _count(dsn, table)
        for table in ("vital", "wave_block", "alarm", "alarm_event", "gap", "reject", "device_link")
    }
    assert counts == {
        "vital": 5,
        "wave_block": 5,
        **dict.fromkeys(("alarm", "alarm_event", "gap", "reject", "device_link"), 1),
    }
    assert fetch(dsn, "SELECT count FROM reject_count") == [(10,)]


def test_a_device_that_restarts_may_use_its_numbers_again(dsn: str, store: Store) -> None:
    store.write([vital(0), vital(0, at=later(100)), vital(0, device=DeviceId("mon-0002"))])
    assert _count(dsn, "vital") == 3


def test_two_channels_of_one_message_are_two_blocks(dsn: str, store: Store) -> None:
    store.write([wave(1), wave(1, channel="pleth")])
    assert _count(dsn, "wave_block") == 2


def _off(seq: int, placed_s: float) -> VitalRecord:
    said = later(seq) - timedelta(seconds=81)
    return vital(seq, at=later(placed_s), device_at=said, clock_off=True)


def test_a_sample_at_hub_time_is_not_stored_again_elsewhere(
    dsn: str, store: Store, restarted: Callable[[], Store]
) -> None:
    store.write([_off(1, 1.0), _off(2, 2.0), _off(1, 1.5)])
    restarted().write([_off(1, 30.1), _off(2, 30.2), _off(3, 30.3)])
    assert fetch(dsn, "SELECT seq, time, flags FROM vital ORDER BY seq") == [
        (1, later(1.0), CLOCK_OFF),
        (2, later(2.0), CLOCK_OFF),
        (3, later(30.3), CLOCK_OFF),
    ]


def test_a_wave_at_hub_time_is_not_stored_again_elsewhere(
    dsn: str, store: Store, restarted: Callable[[], Store]
) -> None:
    said = later(5) - timedelta(seconds=81)
    store.write([wave(1, at=later(5), device_at=said)])
    restarted().write(
        [
            wave(1, at=later(31), device_at=said),
            wave(1, at=later(31), device_at=said, channel="pleth"),
            wave(2, at=later(32), device_at=said),
        ]
    )
    assert fetch(dsn, "SELECT seq, channel, time FROM wave_block ORDER BY time, channel") == [
        (1, "ecg_ii", later(5)),
        (1, "pleth", later(31)),
        (2, "ecg_ii", later(32)),
    ]


def test_a_redelivered_sample_may_change_sides(
    dsn: str, store: Store, restarted: Callable[[], Store]
) -> None:
    """After a restart the hub may not yet know that a clock is off, or know it only then."""
    said = later(5) - timedelta(seconds=81)
    store.write([_off(5, 5.0), vital(6)])
    restarted().write(
        [vital(5, at=said), vital(6, at=later(31), device_at=later(6), clock_off=True)]
    )
    assert fetch(dsn, "SELECT seq, time FROM vital ORDER BY seq") == [(5, later(5)), (6, later(6))]


def test_a_dead_clock_battery_does_not_make_today_a_double_of_yesterday(
    dsn: str, store: Store
) -> None:
    first_of_1970 = START.replace(year=1970, month=1, day=1)
    for day, hr in ((0, 70.0), (1, 75.0)):
        at = START + timedelta(days=day)
        store.write([vital(0, {"hr": hr}, at=at, device_at=first_of_1970, clock_off=True)])
    assert fetch(dsn, "SELECT hr FROM vital ORDER BY time") == [(70.0,), (75.0,)]


def test_the_alarm_row_follows_and_its_events_stay(dsn: str, store: Store) -> None:
    store.write([ward.alarm("a1", "raised", "active", later(1), raised_at=later(1))])
    ended = ward.alarm("a1", "ended", "idle", later(9), ended_at=later(9), message="nul\x00l")
    store.write([ward.alarm("a1", "acknowledged", "acknowledged", later(5), by="lan"), ended])
    row = fetch(dsn, "SELECT state, event, ended_at, raised_at, message, threshold FROM alarm")
    assert row == [("idle", "ended", later(9), None, "nul\ufffdl", 130.0)]
    events = fetch(dsn, "SELECT event, by_whom FROM alarm_event ORDER BY at, id")
    assert events == [("raised", ""), ("acknowledged", "lan"), ("ended", "")]


def test_a_filled_gap_replaces_the_gap(dsn: str, store: Store) -> None:
    store.write([ward.gap(5, 7, 3), ward.gap(5, 7, 0), ward.gap(9, 9, 1)])
    assert fetch(dsn, "SELECT first_seq, missing FROM gap ORDER BY 1") == [(5, 0), (9, 1)]


def test_rejects_add_up_and_show_the_newest(dsn: str, store: Store) -> None:
    store.write([ward.reject(later(1), 3)])
    store.write([ward.reject(later(2), 4, first_bytes=b"\xff\x00", detail="a\x00b")])
    row = fetch(dsn, "SELECT count, first_at, last_at, first_bytes, detail FROM reject_count")
    assert row == [(7, later(1), later(2), b"\xff\x00", "a\ufffdb")]


def test_the_device_keeps_its_status_and_since_when(dsn: str, store: Store) -> None:
    store.write(
        [
            ward.link(later(1), "online", status={"model": "B40"}, clock_offset_s=0.5),
            ward.link(later(2), "silent"),
            ward.link(later(3), "silent"),
        ]
    )
    row = fetch(
        dsn, "SELECT state, state_at, last_link_at, status, clock_offset_s FROM device_state"
    )
    assert row == [("silent", later(2), later(3), {"model": "B40"}, 0.5)]
    assert _count(dsn, "device_link") == 3


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (vital(1000, device=DeviceId("nobody-knows")), "UnknownDeviceError"),
        (vital(2**70, at=START), "error"),
        (vital(1000, {"hr": 1e300}), "OverflowError"),
        (vital(1000, {"no_such_vital": 1.0}), "KeyError"),
        (wave(1000, b"odd"), "ValueError"),
        (ward.alarm("a2", "raised", "active", later(1), message="\ud800"), "UnicodeEncodeError"),
        (ward.gap(1, 2, 2**70), "NumericValueOutOfRange"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_poisonous_record_is_put_aside_and_the_rest_goes_on(
    dsn: str, store: Store, poison: Record, reason: str
) -> None:
    around = [vital(n) for n in range(11)]
    store.write([*around[:7], poison, ward.alarm("a1", "raised", "active", later(1)), *around[7:]])
    store.write([vital(11)])
    assert fetch(dsn, "SELECT seq FROM vital ORDER BY 1") == [(n,) for n in range(12)]
    assert _count(dsn, "alarm") == 1
    ((why,),) = fetch(dsn, "SELECT reason FROM poisoned")
    assert reason in why
    assert store.poisoned == 1


def test_what_is_put_aside_can_be_read_again(dsn: str, store: Store) -> None:
    stranger = vital(1, device=DeviceId("nobody-knows"))
    store.write([stranger])
    ((kind, packed),) = fetch(dsn, "SELECT kind, record FROM poisoned")
    assert kind == "vital"
    assert msgspec.msgpack.decode(packed, type=Record) == stranger


def test_a_device_registered_meanwhile_is_found(dsn: str, store: Store) -> None:
    store.write([vital(1)])
    ward.register(dsn, "mon-0099")
    store.write([vital(2, device=DeviceId("mon-0099"))])
    assert _count(dsn, "vital") == 2


def test_a_day_without_a_partition_is_no_obstacle(dsn: str, store: Store) -> None:
    days = [START + timedelta(days=n) for n in (-9000, -499, -3, 0, 2, 3000)]
    store.write([vital(n, at=day) for n, day in enumerate(days)])
    store.write([wave(n, at=day) for n, day in enumerate(days)])
    assert _count(dsn, "vital") == _count(dsn, "wave_block") == len(days)


def test_a_missing_table_is_the_databases_trouble_not_poison(dsn: str, store: Store) -> None:
    store.write([vital(1)])
    with psycopg.connect(dsn) as connection:
        connection.execute("ALTER TABLE alarm RENAME TO gone")
    with pytest.raises(psycopg.Error):
        store.write([vital(2), ward.alarm("a1", "raised", "active", later(1))])
    assert _count(dsn, "vital") == 1
    assert _count(dsn, "poisoned") == 0


def test_a_broken_connection_is_raised_and_the_next_write_connects(dsn: str, store: Store) -> None:
    store.write([vital(1)])
    fetch(
        dsn,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ="
        " 'ward-hub store' AND datname = current_database()",
    )
    with pytest.raises(psycopg.OperationalError):
        store.write([vital(2)])
    store.write([vital(2)])
    assert _count(dsn, "vital") == 2
