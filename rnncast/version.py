"""Version number, written once for the package, its build and every model file."""

VERSION = "0.1.0"
