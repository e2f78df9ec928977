"""A chain of FFmpeg filters that frames are pushed through, one after the other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import av.filter


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter by FFmpeg's name, with its arguments in FFmpeg's own writing."""

    name: str
    arguments: str


def through(filters: Iterable[Filter], frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """The frames after the chain; it begins anew where rate, format or layout change midway."""
    steps = tuple(filters)
    graph: av.filter.Graph | None = None
    kind: tuple[object, ...] = ()
    for frame in frames:
        if graph is None or kind != _kind(frame):
            if graph is not None:
                yield from _end(graph)
            graph, kind = _graph(steps, frame), _kind(frame)
        graph.push(frame)
        yield from _ready(graph)
    if graph is not None:
        yield from _end(graph)


def pulled(source: Filter, *filters: Filter) -> Iterator[av.AudioFrame]:
    """The frames of a chain whose first filter makes them by itself."""
    graph = av.filter.Graph()
    last = graph.add(source.name, source.arguments)
    _link(graph, last, filters)
    yield from _ready(graph)


def _kind(frame: av.AudioFrame) -> tuple[object, ...]:
    return frame.sample_rate, frame.format.name, frame.layout.name


def _end(graph: av.filter.Graph) -> Iterator[av.AudioFrame]:
    graph.push(None)
    yield from _ready(graph)


def _graph(filters: Iterable[Filter], first: av.AudioFrame) -> av.filter.Graph:
    graph = av.filter.Graph()
    last = graph.add_abuffer(
        sample_rate=first.sample_rate,
        format=first.format.name,
        layout=first.layout.name,
        time_base=first.time_base or Fraction(1, first.sample_rate),
    )
    _link(graph, last, filters)
    return graph


def _link(
    graph: av.filter.Graph, last: "av.filter.context.FilterContext", filters: Iterable[Filter]
) -> None:
    for step in filters:
        following = graph.add(step.name, step.arguments)
        last.link_to(following)
        last = following
    last.link_to(graph.add("abuffersink"))
    graph.configure()


def _ready(graph: av.filter.Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if isinstance(frame, av.AudioFrame):
            yield frame
