"""What stands beside the installer: the unit, compose, Caddy's and Avahi's files."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from controller.settings import Settings

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "controller"
UNIT = FOLDER / "loalang.service"
MOST_EXPOSED = 1.5
"""On the scale of systemd-analyze, 0 to 10; below 2 it says OK."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


@pytest.fixture
def unit_here(tmp_path: Path) -> Path:
    """The unit with a program that stands on this machine."""
    unit = tmp_path / UNIT.name
    program = "/opt/loalang-controller/current/bin/loalang"
    unit.write_text(UNIT.read_text("utf-8").replace(program, sys.executable), "utf-8")
    return unit


@needs_systemd
def test_systemd_understands_every_line(unit_here: Path) -> None:
    verify = ["systemd-analyze", "--recursive-errors=no", "verify", str(unit_here)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert UNIT.name not in done.stderr


@needs_systemd
def test_the_service_can_reach_little(unit_here: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit_here)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for loalang.service: ([0-9.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= MOST_EXPOSED


def chosen(path: Path) -> dict[str, str]:
    lines = path.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_settings_are_settings_of_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    given = chosen(FOLDER / "controller.env")
    for name, value in given.items():
        assert name.removeprefix("LOALANG_").lower() in Settings.model_fields
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.tls == "own"
    assert settings.http_host == "127.0.0.1", "plain HTTP never leaves the machine"
    assert settings.secure_cookies


def test_boxes_find_the_port_that_pairs() -> None:
    port = ElementTree.parse(FOLDER / "avahi.service").findtext("service/port")
    assert port == chosen(FOLDER / "controller.env")["LOALANG_HTTPS_PORT"]
    kind = ElementTree.parse(FOLDER / "avahi.service").findtext("service/type")
    assert kind == "_loalang._tcp"


def compose() -> dict[str, Any]:
    """The file as compose would read it."""
    made: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    return made


def test_compose_keeps_to_its_schema_and_to_what_stands() -> None:
    made = compose()
    assert set(made) == {"name", "services", "volumes"}
    known = {
        "build",
        "image",
        "restart",
        "read_only",
        "cap_drop",
        "cap_add",
        "security_opt",
        "stop_grace_period",
        "mem_limit",
        "pids_limit",
        "ulimits",
        "environment",
        "volumes",
        "tmpfs",
        "ports",
        "logging",
        "network_mode",
        "depends_on",
    }
    for service in made["services"].values():
        assert set(service) <= known
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source in made["volumes"] or (FOLDER / source).exists()
    build = made["services"]["controller"]["build"]
    assert (FOLDER / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).exists()
    for name in made["services"]["controller"]["environment"]:
        assert name.removeprefix("LOALANG_").lower() in Settings.model_fields


def test_only_pages_pairing_and_doors_with_certificates_are_open_to_the_world() -> None:
    ports = compose()["services"]["controller"]["ports"]
    inside = {each.rpartition(":")[2].removesuffix("/udp") for each in ports}
    fields = Settings.model_fields
    doors = {str(fields[f].default) for f in ("https_port", "box_port", "broker_tls_port")}
    assert inside == {"80", "443", *doors}


def test_plain_http_reaches_caddy_on_the_loopback_that_they_share() -> None:
    services = compose()["services"]
    assert services["caddy"]["network_mode"] == "service:controller"
    given = services["controller"]["environment"]
    assert given["LOALANG_HTTP_HOST"] == "127.0.0.1"
    to = f"reverse_proxy 127.0.0.1:{given['LOALANG_HTTP_PORT']} "
    assert to in (FOLDER / "Caddyfile").read_text("utf-8")


@pytest.mark.skipif(shutil.which("caddy") is None, reason="needs caddy")
def test_caddy_understands_its_file() -> None:
    done = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")],
        env={**os.environ, "LOALANG_NAME": "loa.example"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def instructions() -> list[str]:
    """The Dockerfile, an instruction a line."""
    text = (FOLDER / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_copies_what_stands_and_runs_as_nobody_special() -> None:
    made = instructions()
    for line in made:
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
    users = [line for line in made if line.startswith("USER")]
    assert users == ["USER 10001:10001"]
    assert made.index(users[0]) < next(i for i, m in enumerate(made) if m.startswith("ENTRYPOINT"))
    assert all(":" in line.split()[1] for line in made if line.startswith("FROM")), "a named base"
    for line in made:
        if "apt-get install" in line:
            assert "--no-install-recommends" in line
            assert "rm -rf /var/lib/apt/lists" in line
    assert not any("curl" in line or line.startswith("ADD") for line in made)


def test_whether_it_is_well_is_asked_where_it_answers() -> None:
    (health,) = (line for line in instructions() if line.startswith("HEALTHCHECK"))
    port = Settings.model_fields["http_port"].default
    assert f"http://127.0.0.1:{port}/healthz" in health
