"""Âm lịch from the sky: new moons and solar longitudes, without any calendar library.

Meeus, Astronomical Algorithms (2nd ed.): new moons of chapter 49, the Sun of chapter 25 with the
greater terms of VSOP87 (Bretagnon and Francou). Good to about a minute for 1950–2100.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from math import cos, degrees, floor, radians, sin

HANOI_DAYS = 7 / 24
_EPOCH = date(2000, 1, 1)
_EPOCH_JDN = 2451545  # noon of that date is JD 2451545.0

# (amplitude in 1e-8 rad, phase, frequency a Julian millennium)
_L0 = (
    (175347046, 0.0, 0.0),
    (3341656, 4.6692568, 6283.07585),
    (34894, 4.6261, 12566.1517),
    (3497, 2.7441, 5753.3849),
    (3418, 2.8289, 3.5231),
    (3136, 3.6277, 77713.7715),
    (2676, 4.4181, 7860.4194),
    (2343, 6.1352, 3930.2097),
    (1324, 0.7425, 11506.7698),
    (1273, 2.0371, 529.691),
    (1199, 1.1096, 1577.3435),
    (990, 5.233, 5884.927),
    (902, 2.045, 26.298),
    (857, 3.508, 398.149),
    (780, 1.179, 5223.694),
    (753, 2.533, 5507.553),
    (505, 4.583, 18849.228),
    (492, 4.205, 775.523),
    (357, 2.92, 0.067),
    (317, 5.849, 11790.629),
    (284, 1.899, 796.298),
    (271, 0.315, 10977.079),
    (243, 0.345, 5486.778),
    (206, 4.806, 2544.314),
    (205, 1.869, 5573.143),
    (202, 2.458, 6069.777),
    (156, 0.833, 213.299),
    (132, 3.411, 2942.463),
    (126, 1.083, 20.775),
    (115, 0.645, 0.98),
)
_L1 = (
    (628331966747, 0.0, 0.0),
    (206059, 2.678235, 6283.07585),
    (4303, 2.6351, 12566.1517),
    (425, 1.59, 3.523),
    (119, 5.796, 26.298),
    (109, 2.966, 1577.344),
)
_L2 = ((52919, 0.0, 0.0), (8720, 1.0721, 6283.0758), (309, 0.867, 12566.152))

# (1e-5 days, power of E, multiples of M, M', F)
_MOON = (
    (-40720, 0, 0, 1, 0),
    (17241, 1, 1, 0, 0),
    (1608, 0, 0, 2, 0),
    (1039, 0, 0, 0, 2),
    (739, 1, -1, 1, 0),
    (-514, 1, 1, 1, 0),
    (208, 2, 2, 0, 0),
    (-111, 0, 0, 1, -2),
    (-57, 0, 0, 1, 2),
    (56, 1, 1, 2, 0),
    (-42, 0, 0, 3, 0),
    (42, 1, 1, 0, 2),
    (38, 1, 1, 0, -2),
    (-24, 1, -1, 2, 0),
    (-7, 0, 2, 1, 0),
    (4, 0, 0, 2, -2),
    (4, 0, 3, 0, 0),
    (3, 0, 1, 1, -2),
    (3, 0, 0, 2, 2),
    (-3, 0, 1, 1, 2),
    (3, 0, -1, 1, 2),
    (-2, 0, -1, 1, -2),
    (-2, 0, 1, 3, 0),
    (2, 0, 0, 4, 0),
)
# (1e-6 days, degrees, degrees a lunation)
_PLANETS = (
    (325, 299.77, 0.107408),
    (165, 251.88, 0.016321),
    (164, 251.83, 26.651886),
    (126, 349.42, 36.412478),
    (110, 84.66, 18.206239),
    (62, 141.74, 53.303771),
    (60, 207.14, 2.453732),
    (56, 154.84, 7.30686),
    (47, 34.52, 27.261239),
    (42, 207.19, 0.121824),
    (40, 291.34, 1.844379),
    (37, 161.72, 24.198154),
    (35, 239.56, 25.513099),
    (23, 331.55, 3.592518),
)


@dataclass(frozen=True, slots=True)
class SkyMonth:
    """A lunar month as the sky gives it; `first` is the local date of its new moon.

    `margin` is how many minutes the new moon is from midnight: below one, nobody can tell today.
    """

    month: int
    leap: bool
    first: date
    margin: float


@cache
def new_moon(k: int) -> float:
    """Julian day (UT) of the k-th new moon after that of 6 January 2000."""
    t = k / 1236.85
    jde = 2451550.09766 + 29.530588861 * k + t * t * (0.00015437 - t * 0.00000015)
    e = 1 - 0.002516 * t - 0.0000074 * t * t
    sun = radians(2.5534 + 29.1053567 * k - 0.0000014 * t * t)
    moon = radians(201.5643 + 385.81693528 * k + 0.0107582 * t * t + 0.00001238 * t**3)
    node = radians(160.7108 + 390.67050284 * k - 0.0016118 * t * t - 0.00000227 * t**3)
    omega = radians(124.7746 - 1.56375588 * k + 0.0020672 * t * t)
    for amount, power, of_sun, of_moon, of_node in _MOON:
        jde += amount * 1e-5 * e**power * sin(of_sun * sun + of_moon * moon + of_node * node)
    jde -= 0.00017 * sin(omega)
    jde += sum(amount * 1e-6 * sin(radians(at + rate * k)) for amount, at, rate in _PLANETS)
    return jde - _delta_t_days(jde)


def solar_longitude(jd: float) -> float:
    """Apparent geocentric longitude of the Sun, in degrees, at a Julian day (UT)."""
    tau = (jd + _delta_t_days(jd) - 2451545.0) / 365250
    series = (
        sum(a * cos(b + c * tau) for a, b, c in terms) * tau**power
        for power, terms in enumerate((_L0, _L1, _L2))
    )
    centuries = tau * 10
    omega = radians(125.04452 - 1934.136261 * centuries)
    mean_sun = radians(280.4665 + 36000.7698 * centuries)
    mean_moon = radians(218.3165 + 481267.8813 * centuries)
    nutation = -17.2 * sin(omega) - 1.32 * sin(2 * mean_sun) - 0.23 * sin(2 * mean_moon)
    nutation += 0.21 * sin(2 * omega)
    anomaly = radians(357.52911 + 35999.05029 * centuries)
    aberration = -20.4898 / (1.000001018 * (1 - 0.016708634 * cos(anomaly)))
    seconds = nutation + aberration - 0.09033
    return (degrees(sum(series) * 1e-8) + 180 + seconds / 3600) % 360


def local_date(jd: float) -> date:
    """The date in Ha Noi at a Julian day (UT)."""
    return _EPOCH + timedelta(days=floor(jd + 0.5 + HANOI_DAYS) - _EPOCH_JDN)


@cache
def sky_months(year: int) -> tuple[SkyMonth, ...]:
    """Months from the eleventh of `year - 1` up to, without it, the eleventh of `year`.

    The month that holds the winter solstice is the eleventh; of thirteen, the first in which the
    Sun enters no sign (a multiple of 30°) is the leap month.
    """
    begin, end = _eleventh(year - 1), _eleventh(year)
    moons = _moons(begin, end)
    dates = [*map(local_date, moons), end]
    signs = [_sign(day) for day in dates]
    idle = [i for i, (before, after) in enumerate(pairwise(signs)) if before == after]
    leap_at = idle[0] if len(moons) == 13 else None
    months, number = [], 10
    for at, moon in enumerate(moons):
        number += at != leap_at
        name = (number - 1) % 12 + 1
        months.append(SkyMonth(name, at == leap_at, dates[at], minutes_from_midnight(moon)))
    return tuple(months)


def minutes_from_midnight(jd: float) -> float:
    """How near an instant is to midnight in Ha Noi."""
    passed = (jd + 0.5 + HANOI_DAYS) % 1
    return min(passed, 1 - passed) * 1440


def _delta_t_days(jd: float) -> float:
    """Terrestrial minus universal time (Espenak and Meeus, 2005–2050 and near it)."""
    years = (jd - 2451545.0) / 365.25
    return (62.92 + 0.32217 * years + 0.005589 * years * years) / 86400


def _midnight(day: date) -> float:
    return (day - _EPOCH).days + _EPOCH_JDN - 0.5 - HANOI_DAYS


def _sign(day: date) -> int:
    return int(solar_longitude(_midnight(day)) // 30)


@cache
def _eleventh(year: int) -> date:
    """First date of the month that holds the winter solstice of that year."""
    solstice = next(
        day
        for day in (date(year, 12, 18) + timedelta(days=n) for n in range(8))
        if _sign(day + timedelta(days=1)) == 9
    )
    moons = _moons(date(year, 11, 1), solstice + timedelta(days=1))
    return local_date(moons[-1])


def _moons(since: date, until: date) -> list[float]:
    """The new moons on local dates in [since, until)."""
    k = floor((since.year + since.month / 12 - 2000) * 12.3685) - 3
    found = []
    while local_date(moon := new_moon(k)) < until:
        if local_date(moon) >= since:
            found.append(moon)
        k += 1
    return found
