"""Version of this program, as it is packaged."""

from importlib.metadata import version

VERSION = version("loalang")
