"""The version, written once: read by the package, its build and every model file."""

VERSION = "0.1.0"
