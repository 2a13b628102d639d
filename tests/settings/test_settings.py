"""Settings from the environment: defaults, secrets in files, faults that name their variable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.services.settings import ROOT
from ward_hub.settings import (
    SECRETS,
    Settings,
    SettingsError,
    known_variables,
    load,
    unknown_variables,
)

SECRET = "correct-horse"


def test_without_any_variable_everything_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARD_HTTP_PORT", "9")  # only what is handed in counts
    assert load({}) == Settings()
    assert load({}).http_port == 8080


def test_the_environment_is_read_when_nothing_is_handed_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WARD_HTTP_PORT", "8181")
    assert load().http_port == 8181


def test_values_are_read_as_what_they_are() -> None:
    given = {"WARD_MQTT_TLS": "true", "WARD_MQTT_CA_FILE": "/etc/ca.crt", "WARD_HTTP_PORT": "0"}
    settings = load(given)
    assert settings.mqtt_tls is True
    assert settings.mqtt_ca_file == Path("/etc/ca.crt")
    assert settings.http_port == 0


@pytest.mark.parametrize("name", known_variables())
def test_an_empty_variable_counts_as_not_given(name: str) -> None:
    assert load({name: ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WARD_HTTP_PORT", "abc"),
        ("WARD_HTTP_PORT", "65536"),
        ("WARD_MQTT_PORT", "0"),
        ("WARD_MQTT_TLS", "perhaps"),
        ("WARD_MQTT_PROTOCOL", "4"),
        ("WARD_SPOOL_MOST_MIB", "1"),
        ("WARD_LOG_LEVEL", "loud"),
        ("WARD_DATABASE_URL", SECRET),
        ("WARD_DATABASE_URL", f"mysql://ward:{SECRET}@db/ward"),
        ("WARD_KEEP_WAVES_HOURS", "-1"),
    ],
)
def test_a_value_that_cannot_be_right_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: value})
    assert str(caught.value).startswith(f"{name}: ")
    assert SECRET not in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"WARD_HTTP_PORT": "x", "WARD_MQTT_PORT": "y"})
    assert "WARD_HTTP_PORT" in str(caught.value)
    assert "WARD_MQTT_PORT" in str(caught.value)


def test_a_secret_can_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "mqtt").write_text(f"{SECRET}\n")
    (tmp_path / "url").write_text(f"postgresql://ward:{SECRET}@db/ward\n")
    given = {
        "WARD_MQTT_PASSWORD_FILE": str(tmp_path / "mqtt"),
        "WARD_MQTT_PASSWORD": "the file goes first",
        "WARD_DATABASE_URL_FILE": str(tmp_path / "url"),
    }
    settings = load(given)
    assert settings.mqtt_password.get_secret_value() == SECRET
    assert settings.database_url.get_secret_value().endswith("@db/ward")


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot read"), (b" \n", "is empty"), (b"\xff\xfe", "not text")]
)
def test_a_secret_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load({"WARD_MQTT_PASSWORD_FILE": str(file)})
    assert str(caught.value).startswith("WARD_MQTT_PASSWORD_FILE: ")
    assert says in str(caught.value)


def test_secrets_do_not_show() -> None:
    settings = load({"WARD_MQTT_PASSWORD": SECRET, "WARD_DATABASE_URL": f"host=db user={SECRET}"})
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


def test_what_looks_like_a_setting_and_is_none_is_found() -> None:
    given = {
        "WARD_MQTT_HOTS": "1",
        "WARD_HTTP_PORT_FILE": "1",
        "WARD_TEST_POSTGRES_DSN": "1",
        "WARD_DEMO_HUB_PASSWORD": "1",
        "WARD_SERVICES_DIR": "1",
        "WARD_MQTT_PASSWORD_FILE": "1",
        "WARD_HTTP_PORT": "1",
        "HOME": "/",
    }
    assert unknown_variables(given) == ["WARD_HTTP_PORT_FILE", "WARD_MQTT_HOTS"]


def test_every_setting_is_described() -> None:
    bare = [name for name, field in Settings.model_fields.items() if not field.description]
    assert bare == []


def test_the_example_lists_every_setting_with_its_default() -> None:
    example = (ROOT / "deploy" / "ward-hub.env.example").read_text()
    listed = dict(re.findall(r"^#(WARD_[A-Z_]+)=(.*)$", example, re.MULTILINE))
    expected = {f"WARD_{name}".upper() for name in Settings.model_fields}
    assert listed.keys() == expected
    assert load(listed) == Settings()
    assert {name for name, value in listed.items() if not value} == {
        "WARD_MQTT_PASSWORD",
        "WARD_MQTT_CA_FILE",
    }
    for secret in SECRETS:
        assert f"WARD_{secret.upper()}_FILE" in example
