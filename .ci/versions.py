"""The oldest and the newest versions of what rnncast needs, each in an environment of its own.

    python .ci/versions.py oldest        the lower bounds of pyproject.toml, exactly
    python .ci/versions.py newest        the newest that they allow

Neither has torch: model files never touch it, so inspect, forecast and the readers of tables must do without. The
golden files of every format forecast what was recorded there, and the tests of the readers pass. (torch itself is held
to the version in constraints.txt, with which the whole suite runs.)
"""

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("pytest", "hypothesis", "filelock")
TESTS = (
    "test_golden.py",
    "test_reading_forms.py",
    "test_reading_times.py",
    "test_reading_refusals.py",
    "test_reading_fuzz.py",
    "test_stream_rows.py",
    "test_bombs.py",
    "test_pictures.py",
    "test_figures.py",
)
PROGRAM = "from rnncast.__main__ import main; sys.exit(main())"
WITHOUT_TORCH = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is not None)"


def needed(which: str) -> list[str]:
    """What to install: pyproject.toml's dependencies, but for torch, and the extras for Parquet and for figures."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = (each for name in ("parquet", "plot") for each in project["optional-dependencies"][name])
    asked = [*project["dependencies"], *extras]
    kept = [each for each in asked if not each.startswith("torch")]
    return [_oldest(each) for each in kept] if which == "oldest" else kept


def _oldest(requirement: str) -> str:
    found = re.match(r"([\w-]+)>=([\d.]+)", requirement)
    return f"{found[1]}=={found[2]}" if found else requirement


def main(which: str) -> None:
    """Make the environment, and try the golden files and the readers in it; whatever fails ends this."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "-q", *needed(which), *TOOLS], check=True)
        subprocess.run([python, "-c", WITHOUT_TORCH], check=True)
        program = Path(folder) / "bin" / "rnncast"  # as pip would make it, were torch here
        program.write_text(f"#!{python}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n{PROGRAM}\n")
        program.chmod(0o755)
        listed = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
        print(f"{which}:", ", ".join(line for line in listed.split() if "==" in line), flush=True)
        for golden in sorted((ROOT / "tests" / "golden").glob("*.safetensors")):
            for command in (["inspect", str(golden)], ["forecast", "-m", str(golden)]):
                told = subprocess.run([python, "-m", "rnncast", *command], cwd=ROOT, check=True, capture_output=True)
                print(f"{command[0]} {golden.name}: {len(told.stdout.splitlines())} lines", flush=True)
        tests = [str(ROOT / "tests" / name) for name in TESTS]
        plain = ["-q", "-o", "addopts=", "-o", "filterwarnings=default", "-m", "not slow", "-p", "no:cacheprovider"]
        subprocess.run([python, "-m", "pytest", *plain, *tests], cwd=ROOT, check=True)


if __name__ == "__main__":
    main(sys.argv[1])
