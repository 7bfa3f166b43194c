"""Build the sdist and the wheel, install the wheel in an environment of its own, and use it from an empty folder.

    python .ci/package.py

The wheel is built from the unpacked sdist, so that whatever the sdist lacks is missed. It must hold the same files,
byte for byte, as the package of this checkout, and it must train, forecast, compare and forecast untrained.
"""

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IN_THE_SDIST = ("LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "constraints.txt", "tests/conftest.py")
COMMANDS = (
    "--version",
    "train air_passengers.csv --epochs 2 --members 1 --quiet",
    "forecast --format csv",
    "forecast air_passengers.csv -m pretrained --format csv",
    "compare air_passengers.csv --baseline window --epochs 1 --members 1 --no-validate --quiet",
    "check air_passengers.csv",
    "inspect",
)


def package() -> dict[str, bytes]:
    """The files of the package in this checkout, by their path in a wheel."""
    files = (path for path in (ROOT / "rnncast").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in files}


def built(python: str, folder: Path) -> Path:
    """The wheel that the sdist makes. SystemExit if either lacks a file or holds one too many."""
    build = [python, "-m", "build", "--outdir", str(folder)]
    subprocess.run([*build, "--sdist", str(ROOT)], check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
        missing = [name for name in IN_THE_SDIST if name not in names]
        sdist.extractall(folder / "unpacked", filter="data")
    (source,) = (folder / "unpacked").iterdir()
    subprocess.run([*build, "--wheel", str(source)], check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        held = {name: packed.read(name) for name in packed.namelist() if name.startswith("rnncast/")}
    expected = package()
    wrong = sorted(name for name in held.keys() | expected.keys() if held.get(name) != expected.get(name))
    if missing or wrong:
        raise SystemExit(f"the sdist lacks {missing}; the wheel and the checkout differ in {wrong}")
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, {len(held)} files, those of the checkout", flush=True)
    return wheel


def use(program: Path, folder: Path) -> None:
    """Run each command from a folder that holds the data and nothing else. CalledProcessError if one fails."""
    folder.mkdir()
    (folder / "air_passengers.csv").write_bytes((ROOT / "sample_data" / "air_passengers.csv").read_bytes())
    for command in COMMANDS:
        done = subprocess.run([program, *command.split()], cwd=folder, check=True, capture_output=True, text=True)
        print(f"rnncast {command}: {len(done.stdout.splitlines())} lines", flush=True)


def main() -> None:
    """Build, install and use the package; whatever fails ends this."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "env", with_pip=True)
        python = str(folder / "env" / "bin" / "python")
        install = [python, "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt")]
        subprocess.run([*install, "build"], check=True)
        wheel = built(python, folder / "dist")
        subprocess.run([*install, str(wheel)], check=True)
        use(folder / "env" / "bin" / "rnncast", folder / "empty")


if __name__ == "__main__":
    sys.exit(main())
