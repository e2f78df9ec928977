"""Alerts at the office: what boxes are told, and that nothing of it can be lost or said twice."""

import zipfile
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import select

from audio_library.phrases.catalogue import catalogue
from audio_library.store.filesystem import FilesystemStore
from controller.errors import ControllerError, NotFound
from controller.fleet.alert_life import AlertOver
from controller.fleet.hazards import hazards
from controller.operations.alert_order import AlertChange
from controller.operations.alert_say import to_spoken
from controller.operations.alert_words import Speaks
from controller.operations.bundle import Chosen, make_bundle
from controller.operations.end_alert import end_alert, expire_alerts
from controller.operations.phrase_bank import set_order
from controller.operations.prepare_alert import prepare_alert, preview
from controller.operations.raise_alert import Raised, note_standing_audiences, send
from controller.operations.republish import republish
from controller.operations.review_alert import review_alert
from controller.operations.update_alert import update_alert
from controller.storage import outbox, places, tables
from controller.storage.alert_tables import Alert, AlertAudience, AlertVersion
from controller.storage.instants import to_ms
from edge_agent.contract.alert import Alert as Wire
from edge_agent.contract.alert import AlertList, Ended, Severity
from edge_agent.contract.types import encode
from schedules.airtime import DEFAULT_AIRTIME_LAW
from tests.controller.office import NOW, RULES, Office
from tests.controller.operations.alarm_bell import (
    can_say,
    commune_of,
    order,
    raised,
    told,
    waiting_topics,
)

MINUTE = timedelta(minutes=1)


def ended(office: Office, alert_id: str, now: datetime = NOW, **more: bool) -> Raised | None:
    return end_alert(
        office.database, office.authority, alert_id, "nước đã rút", "Y", RULES, now, **more
    )


def test_a_box_is_told_the_alert_in_phrases_that_it_holds(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(box.village.village_id, languages=("vi", "sed"), level=("3",)))
    (alert,) = told(office)[box.village.village_id].alerts
    assert (alert.id, alert.version, alert.hazard) == (made.alert_id, made.version, "flash_flood")
    assert (alert.severity, alert.siren_s, alert.repeat_s) == (Severity.EXTREME, 10, 600)
    assert alert.expires - alert.issued == 60 * 60_000 == alert.max_play_s * 1000
    assert alert.areas == (box.village.village_id,)
    vi, sed = alert.spoken
    assert vi.say == (
        "opening.urgent | place.thon-23500-1 | link.warning hazard.flash_flood | level.3 | "
        "instruction.move_to_high_ground | instruction.leave_stream | instruction.help_weak | "
        "source.commune | time.issued hour.08"
    )
    assert (sed.language, sed.say, sed.assets) == ("sed", "", ()), "it says what the first says"


def test_who_ordered_it_on_whose_authority_and_why_is_kept_with_whom_it_was_for(
    office: Office,
) -> None:
    first, second = office.boxes(2)
    can_say(office)
    made = raised(office, order(first.village.village_id))
    with office.database.read() as session:
        version = session.get_one(AlertVersion, (made.alert_id, made.version))
        audience = session.exec(select(AlertAudience.device_id)).all()
    assert (version.ordered_by, version.authorised_by) == ("Y Hạnh", "Chủ tịch xã")
    assert version.reason == "mưa 200 mm"
    assert audience == [first.did]
    assert made.boxes == 1
    assert second.did not in audience


def test_an_office_that_dies_right_after_an_order_finds_whom_it_was_for_at_its_next_start(
    office: Office,
) -> None:
    first, second = office.boxes(2)
    can_say(office)
    asked = order(first.village.village_id)
    with office.database.write() as session:
        send(session, office.authority, asked, "Y Hạnh", RULES, NOW)
    assert list(told(office)) == [first.village.village_id]
    with office.database.write() as session:
        assert session.exec(select(AlertAudience)).all() == []
        note_standing_audiences(session, RULES, NOW + MINUTE)
        audience = session.exec(select(AlertAudience.device_id)).all()
    assert audience == [first.did]
    assert second.did not in audience


def test_an_alert_that_is_sent_is_no_error_where_it_cannot_be_kept_whom_it_is_for(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    with office.database.write() as session:
        session.execute(text("drop table alert_audience"))
    made = raised(office, order(box.village.village_id))
    assert made.boxes == 1
    assert [a.id for a in told(office)[box.village.village_id].alerts] == [made.alert_id]


@pytest.mark.parametrize("missing", ["authorised_by", "reason"])
def test_an_alert_without_authority_or_reason_is_refused_and_nothing_is_sent(
    office: Office, missing: str
) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    with pytest.raises(ControllerError) as refused:
        raised(office, order(box.village.village_id, **{missing: " "}))
    assert refused.value.code == "alert_unauthorised"
    assert told(office) == {}


def test_a_test_needs_neither_and_never_has_a_siren(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    asked = order(
        box.village.village_id, test=True, hazard="", authorised_by="", reason="", siren_s=30
    )
    raised(office, asked)
    (alert,) = told(office)[box.village.village_id].alerts
    assert (alert.test, alert.siren_s, alert.repeat_s, alert.hazard) == (True, 0, 0, "test")
    assert alert.spoken[0].say.startswith("test.begins |")
    assert "hazard" not in alert.spoken[0].say


def test_an_update_is_a_new_version_and_takes_the_place_of_the_former(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(box.village.village_id, level=("2",), since=None))
    later = NOW + 7 * MINUTE
    change = AlertChange(level=("4",), reason="nước dâng nhanh")
    again = update_alert(
        office.database, office.authority, made.alert_id, change, "Cô Lan", RULES, later
    )
    said = told(office)[box.village.village_id]
    (alert,) = said.alerts
    assert alert.id == made.alert_id
    assert alert.version == again.version > made.version
    assert alert.spoken[0].say.startswith("opening.update | ")
    assert "level.4" in alert.spoken[0].say
    assert alert.spoken[0].say.endswith("time.issued hour.08 minute.05")
    assert alert.expires == to_ms(NOW + 60 * MINUTE), "without new minutes as before"
    with office.database.read() as session:
        assert session.get_one(Alert, made.alert_id).state == "updated"


def test_a_short_alert_that_goes_on_for_longer_is_repeated_again(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(box.village.village_id, minutes=10))
    assert told(office)[box.village.village_id].alerts[0].repeat_s == 0
    change = AlertChange(minutes=300, reason="nước chưa rút")
    update_alert(office.database, office.authority, made.alert_id, change, "Y", RULES, NOW + MINUTE)
    assert told(office)[box.village.village_id].alerts[0].repeat_s == 600


def test_an_area_that_an_update_leaves_is_told_that_it_is_over_there(office: Office) -> None:
    first, second = office.boxes(2)
    can_say(office)
    here, there = first.village.village_id, second.village.village_id
    made = raised(office, order(here, there))
    change = AlertChange(scopes=(here,), reason="chỉ còn một thôn")
    update_alert(office.database, office.authority, made.alert_id, change, "Y", RULES, NOW + MINUTE)
    lists = told(office)
    assert lists[there].alerts == ()
    assert lists[there].ended == (Ended(made.alert_id, made.version),), "only what was for it"
    assert lists[here].ended == ()


def test_an_end_is_remembered_for_a_day_after_the_alert_would_have_expired(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(box.village.village_id))
    ended(office, made.alert_id, NOW + MINUTE)
    said = told(office)[box.village.village_id]
    assert (said.alerts, said.ended) == ((), (Ended(made.alert_id, made.version),))
    with pytest.raises(AlertOver):
        ended(office, made.alert_id, NOW + 2 * MINUTE)
    forgotten = NOW + timedelta(days=1, minutes=61)
    republish(office.database, office.authority, forgotten - 2 * MINUTE)
    assert told(office)[box.village.village_id].ended
    other = raised(office, order(box.village.village_id), forgotten)
    said = told(office)[box.village.village_id]
    assert [alert.id for alert in said.alerts] == [other.alert_id]
    assert said.ended == ()


def test_an_all_clear_is_said_once_without_a_siren_when_the_danger_is_over(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(box.village.village_id, languages=("vi",)))
    said = ended(office, made.alert_id, NOW + MINUTE, all_clear=True)
    assert said is not None
    (alert,) = told(office)[box.village.village_id].alerts
    assert (alert.id, alert.hazard) == (said.alert_id, "all_clear")
    assert (alert.siren_s, alert.repeat_s) == (0, 0)
    assert alert.spoken[0].say.startswith("opening.attention | place.")
    assert "end.all_clear" in alert.spoken[0].say


def test_it_ends_also_where_nobody_can_say_that_it_is_over(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office, phrases=[p for p in catalogue() if not p.startswith("end.")])
    made = raised(office, order(box.village.village_id, places=("here",)))
    with pytest.raises(ControllerError) as refused:
        ended(office, made.alert_id, NOW + MINUTE, all_clear=True)
    assert refused.value.code == "alert_not_cleared"
    assert refused.value.vi.startswith("Báo động đã kết thúc ở mọi nơi")
    assert told(office)[box.village.village_id].alerts == ()


def test_a_name_that_nobody_recorded_costs_no_warning(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office, phrases=list(catalogue()))
    raised(office, order(box.village.village_id, level=("3",)))
    (alert,) = told(office)[box.village.village_id].alerts
    assert "| place.here |" in alert.spoken[0].say
    assert "level.3" in alert.spoken[0].say


def test_an_alert_expires_by_itself_and_the_list_no_longer_says_it(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(box.village.village_id, minutes=5))
    assert expire_alerts(office.database, office.authority, NOW + 4 * MINUTE) == 0
    assert expire_alerts(office.database, office.authority, NOW + 5 * MINUTE) == 1
    assert expire_alerts(office.database, office.authority, NOW + 6 * MINUTE) == 0
    said = told(office)[box.village.village_id]
    assert (said.alerts, said.ended) == ((), (Ended(made.alert_id, made.version),))
    with office.database.read() as session:
        assert session.get_one(Alert, made.alert_id).state == "expired"
    change = AlertChange(reason="vẫn còn")
    with pytest.raises(AlertOver):
        update_alert(office.database, office.authority, made.alert_id, change, "Y", RULES, NOW)


def test_several_alerts_stand_side_by_side_and_one_may_take_anothers_place(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    flood = raised(office, order(box.village.village_id))
    storm = raised(office, order(box.village.village_id, hazard="storm"), NOW + MINUTE)
    assert {a.id for a in told(office)[box.village.village_id].alerts} == {
        flood.alert_id,
        storm.alert_id,
    }
    slide = order(box.village.village_id, hazard="landslide", supersedes=(flood.alert_id,))
    last = raised(office, slide, NOW + 2 * MINUTE)
    said = told(office)[box.village.village_id]
    assert {a.id for a in said.alerts} == {storm.alert_id, last.alert_id}
    assert said.ended == (Ended(flood.alert_id, flood.version),)


def test_serials_grow_also_when_the_clock_stands_still_and_lists_go_to_every_new_broker(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    raised(office, order(box.village.village_id))
    before = told(office)[box.village.village_id]
    republish(office.database, office.authority, NOW)
    after = told(office)[box.village.village_id]
    assert after.serial > before.serial
    assert after.alerts == before.alerts


def test_an_alert_goes_out_before_all_that_waits(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    office.publish()
    raised(office, order(box.village.village_id))
    assert all("/dn/alert/" in topic for topic in waiting_topics(office))
    with office.database.write() as session:
        waiting = outbox.waiting(session, to_ms(NOW))
        outbox.mark_sent(session, [(m.id or 0, m.payload) for m in waiting], to_ms(NOW))
    assert waiting_topics(office), "then the rest"


def test_a_commune_is_told_in_one_list_and_named_by_code_or_without_accents(
    office: Office,
) -> None:
    boxes = office.boxes(4)
    can_say(office)
    commune = commune_of(office, boxes[0])
    with office.database.read() as session:
        unit = session.get_one(tables.Unit, commune)
        names = (unit.id, str(unit.code), "dak ha")
    for name in names:
        made = raised(office, order(name))
        assert made.boxes == 2
        assert list(told(office)) == [commune]
        (alert, *_) = told(office)[commune].alerts
        assert alert.areas == (commune,)


def test_one_of_many_villages_of_a_name_is_told_by_its_commune(office: Office) -> None:
    office.boxes(4)
    can_say(office)
    with pytest.raises(ControllerError, match="Thôn 1"):
        raised(office, order("thôn 1"))

    assert raised(office, order("dak ha/thon 1")).boxes == 1


def test_the_whole_province_is_one_list_and_names_no_place(office: Office) -> None:
    office.boxes(3)
    can_say(office)
    made = raised(office, order("dv-00051"))
    (alert,) = told(office)["dv-00051"].alerts
    assert made.boxes == 3
    assert "place." not in alert.spoken[0].say
    assert "source.province" in alert.spoken[0].say


def test_many_villages_hear_that_it_is_about_their_own_place(office: Office) -> None:
    boxes = office.boxes(5)
    can_say(office)
    raised(office, order(*(box.village.village_id for box in boxes)))
    lists = told(office)
    assert len(lists) == 5
    assert all("place.here" in each.alerts[0].spoken[0].say for each in lists.values())


def test_an_area_that_nobody_knows_is_refused(office: Office) -> None:
    office.boxes(1)
    can_say(office)
    with pytest.raises(NotFound):
        raised(office, order("Xã Không Có"))
    assert told(office) == {}


def test_a_language_that_lacks_phrases_is_named_and_holds_up_no_other(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    can_say(office, "sed", ["opening.urgent", "hazard.flash_flood"])
    with office.database.read() as session:
        asked = order(box.village.village_id, languages=("vi", "sed"))
        ready = prepare_alert(session, asked, RULES, NOW)
    vi, sed = ready.words
    assert (vi.speaks, vi.missing) == (Speaks.SENTENCE, ())
    assert vi.duration_ms > 8_000
    assert sed.speaks is Speaks.NOTHING
    assert "link.warning" in sed.missing
    assert "opening.urgent" not in sed.missing
    raised(office, order(box.village.village_id, languages=("vi", "sed")))
    (alert,) = told(office)[box.village.village_id].alerts
    assert [said.language for said in alert.spoken] == ["vi", "sed"], "the box may have a clip"
    without = order(box.village.village_id, languages=("vi", "sed"), without_missing=True)
    other = raised(office, without, NOW + MINUTE)
    alerts = {alert.id: alert for alert in told(office)[box.village.village_id].alerts}
    assert [said.language for said in alerts[other.alert_id].spoken] == ["vi"]


def test_where_no_chosen_language_can_say_it_nothing_is_sent_and_vietnamese_is_offered(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    with pytest.raises(ControllerError) as refused:
        raised(office, order(box.village.village_id, languages=("sed",)))
    assert refused.value.code == "alert_wordless"
    assert "Tiếng Việt thì phát được ngay" in refused.value.vi
    assert told(office) == {}


def test_left_to_itself_it_speaks_what_the_villages_hear_vietnamese_first(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    raised(office, order(box.village.village_id))
    (alert,) = told(office)[box.village.village_id].alerts
    assert [said.language for said in alert.spoken] == ["vi", "sed", "ren"]


def test_the_preview_names_who_is_out_of_touch_silenced_or_lacks_a_language(
    office: Office,
) -> None:
    first, second = office.boxes(2)
    can_say(office)
    with office.database.write() as session:
        session.add(
            tables.ReportedState(
                device_id=first.did,
                online=True,
                seen_ms=to_ms(NOW),
                telemetry={"silenced": "kill_switch"},
            )
        )
    with office.database.read() as session:
        asked = order("dv-00051", languages=("vi", "hre"))
        seen = preview(session, prepare_alert(session, asked, RULES, NOW), RULES, NOW)
    by_id = {listener.device_id: listener for listener in seen.audience}
    assert (by_id[first.did].online, by_id[first.did].silenced) == (True, "kill_switch")
    assert (by_id[second.did].online, by_id[second.did].seen_ms) == (False, 0)
    assert seen.lacks(by_id[first.did]) == ("hre",)
    assert seen.lacks(by_id[second.did]) == ()


def test_quiet_hours_are_broken_and_said_so(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    with office.database.write() as session:
        rule = session.exec(select(tables.AirtimeRule)).one()
        rule.body = places.law_body(DEFAULT_AIRTIME_LAW)
        session.add(rule)
    with office.database.read() as session:
        asked = order(box.village.village_id)
        ready, night = prepare_alert(session, asked, RULES, NOW), NOW + timedelta(hours=15)
        by_day = preview(session, ready, RULES, NOW)
        at_night = preview(session, ready, RULES, night)
    assert (by_day.in_quiet_hours, at_night.in_quiet_hours) == (0, 1)


def test_an_alert_in_two_languages_takes_less_than_a_kilobyte(office: Office) -> None:
    """Of the typical one, in two languages that order their words each in its own way."""
    box = office.boxes(1)[0]
    can_say(office)
    can_say(office, "bdq")
    other = (
        "opening.urgent | link.warning {hazards!} | {places} | {level} | unit.wind_level {wind} | "
        "unit.rain {rain_mm} unit.millimetre | {when} | time.from {since} / time.until {until} | "
        "{instructions} | {source} | time.issued {issued!}"
    )
    asked = order(
        commune_of(office, box), languages=("vi", "bdq"), level=("3",), when=("next_hours",)
    )
    raised(office, asked)
    size = len(encode(told(office)[commune_of(office, box)]))
    assert size <= 800, "where the second language says what the first says"
    set_order(office.database, "bdq", "alert", other, "Y", NOW)
    again = raised(office, asked, NOW + MINUTE)
    said = told(office)[commune_of(office, box)]
    one = [alert for alert in said.alerts if alert.id == again.alert_id]
    alone = type(said)(said.issuer, said.scope, said.serial, said.issued, tuple(one))
    assert one[0].spoken[1].say
    assert len(encode(alone)) <= 1_024, "where it has an order of its own"


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    hazard=st.sampled_from(sorted(hazards())),
    level=st.sampled_from(sorted(p for p in catalogue() if p.startswith("level."))),
    when=st.sampled_from(["time.now", "time.next_hours", "time.tonight"]),
    minutes=st.integers(1, 1440),
)
def test_any_hazard_in_two_languages_takes_less_than_a_kilobyte(
    office: Office, hazard: str, level: str, when: str, minutes: int
) -> None:
    with office.database.read() as session:
        if session.get(tables.Unit, "dv-23500") is None:
            office.boxes(1)
            can_say(office)
    with office.database.read() as session:
        asked = order(
            "dv-23500",
            hazard=hazard,
            level=(level,),
            when=(when,),
            languages=("vi", "sed"),
            minutes=minutes,
        )
        ready = prepare_alert(session, asked, RULES, NOW)
    wire = Wire(
        "abcdefghijkm",
        to_ms(NOW),
        ready.severity,
        ("dv-23500",),
        ready.issued_ms,
        ready.expires_ms,
        ready.max_play_s,
        to_spoken((w.language, w.say) for w in ready.words),
        ready.repeat_s,
        hazard=hazard,
        siren_s=ready.siren_s,
    )
    said = AlertList("abcdef012345", "dv-23500", to_ms(NOW), to_ms(NOW), (wire,))
    assert len(encode(said)) <= 1_024


def test_lists_go_on_a_stick_where_boxes_look_for_them(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    office.publish()
    raised(office, order(box.village.village_id))
    file = office.folder / "stick.zip"
    store = FilesystemStore(office.folder / "audio")
    make_bundle(office.database, store, office.authority, Chosen(), file, NOW.date(), NOW)
    with zipfile.ZipFile(file) as packed:
        (name,) = [n for n in packed.namelist() if "/alerts/" in n]
    assert name.startswith(f"loalang/alerts/{box.village.village_id}/")


def test_a_review_is_written_once_and_after_the_end(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(box.village.village_id))
    with pytest.raises(ControllerError, match="alert still stands"):
        review_alert(office.database, made.alert_id, "đúng", "Cô Lan", NOW)
    ended(office, made.alert_id, NOW + MINUTE)
    review_alert(office.database, made.alert_id, "đúng, nghe rõ", "Cô Lan", NOW)
    with pytest.raises(ControllerError, match="is not changed"):
        review_alert(office.database, made.alert_id, "khác", "Y", NOW)
    with office.database.read() as session:
        alert = session.get_one(Alert, made.alert_id)
    assert (alert.review, alert.reviewed_by) == ("đúng, nghe rõ", "Cô Lan")


def test_fifty_alerts_in_one_place_are_the_most(office: Office) -> None:
    first, second = office.boxes(2)
    can_say(office)
    full, free = first.village.village_id, second.village.village_id
    for number in range(50):
        newest = raised(office, order(full), NOW + timedelta(seconds=number))
    with pytest.raises(ControllerError) as refused:
        raised(office, order(full), NOW + MINUTE)
    assert refused.value.code == "alert_too_many"
    elsewhere = raised(office, order(free), NOW + MINUTE)
    spread = AlertChange(scopes=(full, free), reason="lan sang")
    with pytest.raises(ControllerError) as refused:
        update_alert(
            office.database, office.authority, elsewhere.alert_id, spread, "Y", RULES, NOW + MINUTE
        )
    assert refused.value.code == "alert_too_many"
    raised(office, order(full, supersedes=(newest.alert_id,)), NOW + MINUTE)
    assert len(told(office)[full].alerts) == 50


def test_no_place_in_disorder_holds_up_an_alert(office: Office) -> None:
    first, second = office.boxes(2)
    can_say(office)
    with office.database.write() as session:
        for one in ("a", "b"):
            session.add(tables.Unit(id=one, name=one, level="commune", valid_from="2025-07-01"))
        session.flush()
        session.get_one(tables.Unit, "a").parent_id = "b"
        session.get_one(tables.Unit, "b").parent_id = "a"
        session.get_one(tables.Unit, second.village.village_id).parent_id = "a"
    made = raised(office, order(first.village.village_id))
    assert made.boxes == 1
