"""A province to try things out on: true communes, made-up villages and clusters."""

from dataclasses import dataclass

from sqlmodel import Session

from controller.storage import places, tables
from controller.storage.database import Database
from schedules.airtime import AirtimeLaw, VolumeStep
from schedules.types import GainDb

PROVINCE = 51
# Official codes since 1 July 2025; languages are a default that each commune must confirm.
COMMUNES: dict[int, tuple[str, ...]] = {
    23500: ("vi", "sed", "ren"),
    23455: ("vi", "sed", "hre"),
    23534: ("vi", "bdq", "jra"),
}
REFORM = "2025-07-01"

AT_ANY_HOUR = AirtimeLaw(
    windows=(),
    max_sessions_per_day=None,
    max_session_ms=None,
    quiet=None,
    volume=(VolumeStep(0, GainDb(0.0), GainDb(0.0)),),
    source_vi="quy định trình diễn: phát mọi giờ, đủ to",
    source_en="demonstration rule: any hour, full level",
)


@dataclass(frozen=True, slots=True)
class SampleVillage:
    """One village of the sample with its one cluster."""

    village_id: str
    path: str
    cluster_id: str


def load_sample(
    database: Database, villages: int, *, law: AirtimeLaw | None
) -> tuple[SampleVillage, ...]:
    """Make `villages` villages spread over the communes; nothing happens if they exist.

    `law` is the province's airtime law; None leaves the default in force.
    """
    with database.write() as session:
        _official_units(session)
        if law is not None:
            session.merge(tables.AirtimeRule(unit_id=_id(PROVINCE), body=places.law_body(law)))
        codes = tuple(COMMUNES)
        return tuple(
            _village(session, codes[i % len(codes)], i // len(codes) + 1) for i in range(villages)
        )


def _official_units(session: Session) -> None:
    """The province and its sample communes, named as the state names them."""
    # Reads a table of all 3,321 communes: only when a sample is wanted.
    from vietnam_provinces import Province, Ward

    province = next(p for p in Province.iter_all() if int(p.code) == PROVINCE)
    session.merge(
        tables.Unit(
            id=_id(PROVINCE),
            name=province.name,
            level="province",
            code=f"{PROVINCE:02d}",
            valid_from=REFORM,
        )
    )
    session.flush()
    for ward in Ward.iter_all():
        if int(ward.code) in COMMUNES:
            session.merge(
                tables.Unit(
                    id=_id(int(ward.code)),
                    name=ward.name,
                    level="commune",
                    code=f"{int(ward.code):05d}",
                    parent_id=_id(PROVINCE),
                    valid_from=REFORM,
                )
            )
    session.flush()


def _village(session: Session, code: int, number: int) -> SampleVillage:
    commune = session.get_one(tables.Unit, _id(code))
    village_id, cluster_id = f"thon-{code}-{number}", f"cum-{code}-{number}"
    name = f"Thôn {number}"
    session.merge(
        tables.Unit(
            id=village_id, name=name, level="village", parent_id=commune.id, valid_from=REFORM
        )
    )
    session.flush()
    session.merge(
        tables.Cluster(
            id=cluster_id, name=f"Nhà rông thôn {number}", unit_id=village_id, horns=2, radius_m=400
        )
    )
    session.merge(
        tables.Zone(
            id=f"vung-{code}-{number}",
            name=f"{name}, {commune.name}",
            unit_id=village_id,
            time_zone="Asia/Ho_Chi_Minh",
            languages=list(COMMUNES[code]),
        )
    )
    session.flush()
    session.merge(
        tables.ZoneCluster(
            zone_id=f"vung-{code}-{number}", cluster_id=cluster_id, valid_from=REFORM
        )
    )
    session.merge(tables.VillageHears(unit_id=village_id, cluster_id=cluster_id, valid_from=REFORM))
    return SampleVillage(village_id, f"{commune.name}/{name}", cluster_id)


def _id(code: int) -> str:
    return f"dv-{code:05d}"
