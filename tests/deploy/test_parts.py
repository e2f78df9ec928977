"""Setting up the real parts leaves the machine as it was found."""

from pathlib import Path

import pytest

from deploy.parts import PARTS, apt_line, is_installed, main, services_held_back


def test_services_are_held_back_only_meanwhile(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with services_held_back(policy):
        assert policy.read_text().endswith("exit 101\n")
        assert policy.stat().st_mode & 0o111
    assert not policy.exists()


def test_services_are_let_go_after_a_failure(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with pytest.raises(KeyboardInterrupt), services_held_back(policy):
        raise KeyboardInterrupt
    assert not policy.exists()


def test_a_policy_of_the_machine_is_kept(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("theirs")
    with services_held_back(policy):
        assert policy.read_text() == "theirs"
    assert policy.read_text() == "theirs"


def test_a_part_is_there_only_with_all_its_executables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("deploy.parts.SYSTEM_FOLDERS", ())
    sound = PARTS["pulseaudio"]
    for executable in sound.executables:
        assert not is_installed(sound)
        (tmp_path / executable).touch(mode=0o755)
    assert is_installed(sound)


def test_the_line_to_type_names_the_packages() -> None:
    line = apt_line([PARTS["mpv"], PARTS["pulseaudio"]])
    assert line.endswith("--no-install-recommends mpv pulseaudio pulseaudio-utils")


def test_an_unknown_request_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remove"]) == 2
    assert "install|offer" in capsys.readouterr().err
