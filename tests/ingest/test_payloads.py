"""Whatever a device sends becomes a value or a refusal with a reason; nothing raises."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ward_hub.core.sample import (
    DeviceConditions,
    DeviceStatus,
    Parsed,
    Quality,
    Rejected,
    RejectReason,
    Samples,
    WaveBlock,
)
from ward_hub.core.vitals import VITALS
from ward_hub.ingest.payloads import UNDERSTOOD, parse
from ward_hub.topics import MOST_BYTES, Kind

T = "2026-11-22T07:00:00.250Z"
AT = datetime(2026, 11, 22, 7, 0, 0, 250_000, tzinfo=UTC)


def vitals(document: Any) -> Parsed | Rejected:
    return parse(Kind.VITALS, json.dumps(document).encode())


def only_sample(document: Any) -> Any:
    parsed = vitals(document)
    assert isinstance(parsed, Parsed)
    assert isinstance(parsed.message, Samples)
    return parsed.message.samples[0]


def test_the_contracts_own_example() -> None:
    sample = only_sample(
        {
            "t": T,
            "seq": 4711,
            "v": {"hr": 78, "spo2": 97, "temp": 36.8, "nibp_sys": 121},
            "at": {"nibp": "2026-11-22T06:45:10Z"},
            "q": {"spo2": "motion", "hr": "ok"},
        }
    )
    assert (sample.device_at, sample.seq) == (AT, 4711)
    assert sample.values == {"hr": 78, "spo2": 97, "temp": 36.8, "nibp_sys": 121}
    assert sample.measured_at == {"nibp": datetime(2026, 11, 22, 6, 45, 10, tzinfo=UTC)}
    assert sample.quality == {"spo2": Quality.MOTION}


@pytest.mark.parametrize("t", [T, "2026-11-22T14:00:00.250+07:00", 1795330800250])
def test_time_is_rfc_3339_with_an_offset_or_epoch_milliseconds(t: str | int) -> None:
    assert only_sample({"t": t, "seq": 0, "v": {}}).device_at == AT


def test_null_is_no_reading_and_left_out_says_nothing() -> None:
    assert only_sample({"t": T, "seq": 0, "v": {"hr": None}}).values == {"hr": None}


def test_zero_is_a_value_and_the_sickest_readings_pass() -> None:
    sick = {"hr": 0, "rr": 0, "spo2": 35, "nibp_sys": 0, "temp": 20.0}
    assert only_sample({"t": T, "seq": 0, "v": sick}).values == sick


def test_mdc_reference_ids_stand_for_short_names() -> None:
    sample = only_sample({"t": T, "seq": 0, "v": {"MDC_ECG_HEART_RATE": 71, "MDC_RESP_RATE": 14}})
    assert sample.values == {"hr": 71, "rr": 14}


def test_an_unknown_name_is_kept() -> None:
    assert only_sample({"t": T, "seq": 0, "v": {"bis": 48}}).unknown == {"bis": 48}


def test_a_number_no_monitor_can_report_is_refused_alone() -> None:
    parsed = vitals({"t": T, "seq": 0, "v": {"hr": 1e308, "spo2": 91}})
    assert isinstance(parsed, Parsed)
    assert parsed.refused == (Rejected(RejectReason.OUT_OF_RANGE, "v.hr"),)
    assert isinstance(parsed.message, Samples)
    assert parsed.message.samples[0].values == {"spo2": 91}


@pytest.mark.parametrize("name", VITALS)
def test_both_ends_of_what_a_monitor_can_report_pass(name: str) -> None:
    ends = VITALS[name].low, VITALS[name].high
    for value in ends:
        assert only_sample({"t": T, "seq": 0, "v": {name: value}}).values == {name: value}


def test_samples_kept_while_the_link_was_down() -> None:
    parsed = vitals({"samples": [{"t": T, "seq": n, "v": {"hr": 70 + n}} for n in range(3)]})
    assert isinstance(parsed, Parsed)
    assert isinstance(parsed.message, Samples)
    assert [sample.seq for sample in parsed.message.samples] == [0, 1, 2]


BROKEN: list[tuple[bytes, RejectReason]] = [
    (b"", RejectReason.BAD_JSON),
    (b"{", RejectReason.BAD_JSON),
    (b"\xff\xfe\x00", RejectReason.BAD_JSON),
    (b'{"t":"%s","seq":1,"v":{"hr":NaN}}' % T.encode(), RejectReason.BAD_JSON),
    (b'{"t":"%s","seq":1,"v":{"hr":1e999}}' % T.encode(), RejectReason.WRONG_TYPE),
    (b'{"t":"%s","seq":1,"v":{"hr":"78"}}' % T.encode(), RejectReason.WRONG_TYPE),
    (b'{"t":"%s","seq":1,"v":{"hr":true}}' % T.encode(), RejectReason.WRONG_TYPE),
    (b'{"t":"%s","seq":1,"v":[1]}' % T.encode(), RejectReason.WRONG_TYPE),
    (b'{"t":"%s","seq":-1,"v":{}}' % T.encode(), RejectReason.BAD_SEQUENCE),
    (b'{"t":"%s","seq":1.5,"v":{}}' % T.encode(), RejectReason.BAD_SEQUENCE),
    (b'{"t":"%s","v":{}}' % T.encode(), RejectReason.MISSING_FIELD),
    (b'{"seq":1,"v":{}}', RejectReason.MISSING_FIELD),
    (b'{"samples":[]}', RejectReason.MISSING_FIELD),
    (b'{"t":"2026-11-22T07:00:00","seq":1,"v":{}}', RejectReason.BAD_TIME),
    (b'{"t":"0001-01-01T00:00:00+14:00","seq":1,"v":{}}', RejectReason.BAD_TIME),
    (b'{"t":"9999-12-31T23:59:59-14:00","seq":1,"v":{}}', RejectReason.BAD_TIME),
    (b'{"t":99999999999999999,"seq":1,"v":{}}', RejectReason.BAD_TIME),
    (b'{"t":"%s","seq":1,"v":{"h\xff":1}}' % T.encode(), RejectReason.NOT_UTF8),
    (b'{"t":"%s","seq":1,"x":' % T.encode() + b"[" * 50_000, RejectReason.TOO_DEEP),
    (b" " * (64 * 1024 + 1), RejectReason.TOO_LARGE),
]


@pytest.mark.parametrize(("payload", "reason"), BROKEN)
def test_broken_vitals_are_refused_with_the_right_reason(
    payload: bytes, reason: RejectReason
) -> None:
    refused = parse(Kind.VITALS, payload)
    assert isinstance(refused, Rejected)
    assert refused.reason is reason
    assert refused.detail


def test_nesting_is_refused_at_the_same_depth_on_every_python() -> None:
    def nested(levels: int) -> Parsed | Rejected:
        document: Any = 0
        for _ in range(levels - 1):
            document = [document]
        return vitals({"t": T, "seq": 0, "v": {}, "x": document})

    assert isinstance(nested(32), Parsed)
    refused = nested(33)
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectReason.TOO_DEEP


def test_many_samples_side_by_side_are_not_deep() -> None:
    many = {"samples": [{"t": T, "seq": n, "v": {"hr": 70}, "at": {}, "q": {}} for n in range(500)]}
    assert isinstance(vitals(many), Parsed)


def waves(**channel: Any) -> Parsed | Rejected:
    data = base64.b64encode(bytes(500)).decode()
    whole = {"rate": 250, "scale": 0.005, "unit": "mV", "data": data} | channel
    return parse(Kind.WAVES, json.dumps({"t": T, "seq": 1, "w": {"ecg_ii": whole}}).encode())


def test_a_wave_block() -> None:
    parsed = waves()
    assert isinstance(parsed, Parsed)
    block = parsed.message
    assert isinstance(block, WaveBlock)
    (channel,) = block.channels
    assert (channel.name, channel.rate_hz, len(channel.data)) == ("ecg_ii", 250, 500)
    assert json.loads(block.document)["ecg_ii"]["unit"] == "mV"


@pytest.mark.parametrize(
    "channel",
    [
        {"rate": 0},
        {"rate": 1e9},
        {"scale": 0},
        {"data": "not base64!"},
        {"data": base64.b64encode(b"odd").decode()},
        {"data": ""},
        {"rate": 1},
        {"unit": "x" * 17},
    ],
)
def test_a_lying_wave_block_is_refused(channel: dict[str, Any]) -> None:
    refused = waves(**channel)
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectReason.BAD_WAVEFORM


def test_what_a_screen_is_given_holds_nothing_the_contract_does_not_know() -> None:
    parsed = waves(evil="<script>")
    assert isinstance(parsed, Parsed)
    assert isinstance(parsed.message, WaveBlock)
    assert b"evil" not in parsed.message.document


def test_monitor_conditions_with_an_unknown_priority_are_never_lost() -> None:
    document = {"t": T, "seq": 1, "alarms": [{"code": "asystole", "priority": "URGENT!"}]}
    parsed = parse(Kind.ALARMS, json.dumps(document).encode())
    assert isinstance(parsed, Parsed)
    assert isinstance(parsed.message, DeviceConditions)
    assert [(c.code, c.priority) for c in parsed.message.conditions] == [("asystole", "medium")]
    assert len(parsed.refused) == 1


def test_a_last_will_needs_no_time() -> None:
    parsed = parse(Kind.STATUS, b'{"state":"offline"}')
    assert isinstance(parsed, Parsed)
    assert parsed.message == DeviceStatus(None, online=False)


@given(st.sampled_from(sorted(UNDERSTOOD)), st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(kind: Kind, payload: bytes) -> None:
    assert isinstance(parse(kind, payload), Parsed | Rejected)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
FIELDS = ["t", "seq", "v", "at", "q", "w", "samples", "alarms", "state", "battery", "ecg_ii"]


@given(
    st.sampled_from(sorted(UNDERSTOOD)),
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.booleans(),
)
def test_any_document_is_read_or_refused(
    kind: Kind, document: dict[str, Any], sound_head: bool
) -> None:
    if sound_head:
        document |= {"t": T, "seq": 1}
    payload = json.dumps(document).encode("utf-8", "surrogatepass")
    outcome = parse(kind, payload)
    assert isinstance(outcome, Parsed | Rejected)
    if len(payload) > MOST_BYTES[kind]:
        assert isinstance(outcome, Rejected)
