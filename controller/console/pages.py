"""The pages of an office: put together from the door, the desk, the library and their files."""

from pathlib import Path

from fastapi import FastAPI

from controller.console import (
    calendar_page,
    day_sheet,
    desk,
    door,
    library,
    programme_pages,
    static_files,
    timetable,
)
from controller.console.screen import Screen
from controller.doors import Doorkeeper

STATIC = Path(__file__).parent / "static"


def install(app: FastAPI, doorkeeper: Doorkeeper) -> None:
    """Add the pages to the application."""
    files = static_files.read_static(STATIC)
    show = Screen(files)
    app.include_router(door.router(show, doorkeeper))
    app.include_router(desk.router(show))
    app.include_router(library.router(show))
    app.include_router(timetable.router(show))
    app.include_router(programme_pages.router(show))
    app.include_router(calendar_page.router(show))
    app.include_router(day_sheet.router(show, files))
    app.include_router(static_files.router(files))
