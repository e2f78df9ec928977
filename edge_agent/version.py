"""What this box's software calls itself."""

VERSION = "0.1.0"
