"""Every text that the pages' scripts show, in one list, in the language of the page.

The scripts hold no words of their own: the server puts this list into the page as JSON and they
look words up by key. The texts are written here, as calls of the translating function, so that
Babel finds them. It must never hold a patient's data. `{name}` in a text is filled in by the
script; a key that ends in `.one` or `.other` is the singular or plural of the same text.
"""

from __future__ import annotations

from collections.abc import Callable

Gettext = Callable[[str], str]


def page_strings(gettext: Gettext) -> dict[str, str]:
    """All texts for scripts by key; `gettext` translates into the page's language."""
    parts = (_page, _acknowledging, _alarms, _monitor_alarms, _vitals, _beds, _trends)
    return {key: text for part in parts for key, text in part(gettext).items()}


def _page(_: Gettext) -> dict[str, str]:
    return {
        "page.connecting": _("Connecting…"),
        "page.live": _("Live"),
        "page.lost": _("No live data"),
        "lost.attempt": _("The page is reconnecting by itself, attempt {n}."),
        "lost.first": _("See first (as of {time})"),
        "lost.asof": _("at {time}"),
        "recording.delayed": _("Recording delayed"),
        "recording.failing": _("Recording is failing"),
        "recording.waiting": _("{n} waiting"),
        "beds.one": _("{n} bed"),
        "beds.other": _("{n} beds"),
        "patients.one": _("{n} patient"),
        "patients.other": _("{n} patients"),
    }


def _acknowledging(_: Gettext) -> dict[str, str]:
    return {
        "take.long": _("I’ll take it"),
        "take.short": _("Take"),
        "take.latched": _("Confirm"),
        "take.again": _("Try again"),
        "ack.sending": _("Sending…"),
        "ack.network": _("Not taken: network"),
        "ack.refused": _("Not taken: no rights"),
        "ack.changed": _("Not taken: changed"),
        "ack.server": _("Not taken: server"),
    }


def _alarms(_: Gettext) -> dict[str, str]:
    return {
        "alarms.none": _("No alarms"),
        "alarm.nobody": _("No one yet"),
        "alarm.taken": _("Taken"),
        "alarm.over": _("Over"),
        "alarm.unnamed": _("Monitor alarm"),
        "alarm.no_data": _("No data"),
        "alarm.device_offline": _("Monitor offline"),
        "alarm.sensor_off": _("Sensor off"),
        "alarm.sensor_off.vital": _("{vital} sensor off"),
        "alarm.leads_off": _("ECG lead off"),
        "alarm.clock_off": _("Monitor clock off"),
        "alarm.battery_low": _("Battery low"),
        "priority.high": _("high priority"),
        "priority.medium": _("medium priority"),
        "priority.low": _("low priority"),
        "spoken.alarm": _("Bed {bed}, {priority}: {what}"),
        "spoken.below": _("{vital} {value} below {limit}"),
        "spoken.above": _("{vital} {value} above {limit}"),
        "spoken.acknowledged": _("Taken by {who}"),
        "spoken.latched": _("Over, to be confirmed"),
    }


def _monitor_alarms(_: Gettext) -> dict[str, str]:
    return {
        "monitor.asystole": _("Asystole"),
        "monitor.vf": _("Ventricular fibrillation"),
        "monitor.vtach": _("Ventricular tachycardia"),
        "monitor.extreme_brady": _("Extreme bradycardia"),
        "monitor.extreme_tachy": _("Extreme tachycardia"),
        "monitor.apnoea": _("Apnoea"),
        "monitor.desat": _("Desaturation"),
    }


def _vitals(_: Gettext) -> dict[str, str]:
    return {
        "vital.hr": _("HR"),
        "vital.pr": _("PR"),
        "vital.spo2": _("SpO₂"),
        "vital.rr": _("RR"),
        "vital.temp": _("T°"),
        "vital.temp2": _("T° 2"),
        "vital.nibp": _("BP"),
        "vital.nibp_sys": _("BP sys"),
        "vital.nibp_dia": _("BP dia"),
        "vital.nibp_map": _("BP mean"),
        "vital.ibp_sys": _("ABP sys"),
        "vital.ibp_dia": _("ABP dia"),
        "vital.ibp_map": _("ABP mean"),
        "vital.etco2": _("etCO₂"),
        "vital.fio2": _("FiO₂"),
        "vital.pi": _("PI"),
        "vital.pvc": _("PVC"),
        "vital.st_ii": _("ST II"),
        "unit.rate": _("/min"),
        "value.never": _("not yet"),
        "quality.motion": _("motion"),
        "quality.artifact": _("artefact"),
        "quality.low_perfusion": _("weak"),
        "quality.sensor_off": _("off"),
        "quality.leads_off": _("off"),
        "quality.calibrating": _("calibr."),
        "quality.demo": _("demo"),
    }


def _beds(_: Gettext) -> dict[str, str]:
    return {
        "age": _("{age} y"),
        "sex.F": _("Female"),
        "sex.M": _("Male"),
        "bed.named": _("Bed {bed}"),
        "bed.unnamed": _("No patient admitted"),
        "bed.empty": _("Empty bed"),
        "bed.nodevice": _("No monitor on this bed"),
        "bed.waiting": _("Waiting for first data"),
        "bed.stale": _("No data since {time}"),
        "bed.admitted": _("admitted {time}"),
        "device.online": _("connected"),
        "device.offline": _("offline"),
        "device.silent": _("silent"),
        "device.waiting": _("waiting for first data"),
        "device.battery": _("Battery {n} %"),
        "device.charging": _("Battery {n} %, charging"),
        "device.mains": _("Battery unknown"),
        "device.clock.good": _("Clock right"),
        "device.clock.off": _("Clock off by {n} s"),
        "source.ago": _("{time} ago"),
    }


def _trends(_: Gettext) -> dict[str, str]:
    return {
        "trend.loading": _("Loading…"),
        "trend.none": _("No data {from}–{to}"),
        "trend.failed": _("The trends could not be loaded."),
        "trend.lost": _("{n} messages never arrived"),
        "history.failed": _("The alarm history could not be loaded."),
        "history.none": _("No alarms in this stay"),
        "history.by": _("taken by {who}"),
        "history.nobody": _("taken by no one"),
        "history.lasted": _("lasted {time}"),
        "history.open": _("still open"),
    }
