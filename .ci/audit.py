"""Known vulnerabilities in constraints.txt: `python .ci/audit.py` asks pip-audit, in an environment of its own.

Exits with 1 if there are. Where the advisory data cannot be had (no network, or a mirror without them), it says so and
exits with 0: a check that was not made is told apart from one that found nothing.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("pypi", "osv")
SECONDS = 240


def audited(python: str, service: str) -> tuple[list[dict], str]:
    """What a service says of each package, those that it could not audit left out; and why, if that is none."""
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "-f", "json", "-s", service]
    command = [python, "-m", "pip_audit", "-r", str(ROOT / "constraints.txt"), *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, subprocess.TimeoutExpired) as error:
        last = "" if isinstance(error, subprocess.TimeoutExpired) else done.stderr.strip().split("\n")[-1]
        return [], last or f"no answer: {error}"
    known = [each for each in packages if "vulns" in each]
    return known, packages[0].get("skip_reason", "") if packages and not known else ""


def main() -> int:
    """Ask each service until one answers."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python, reasons = str(Path(folder) / "bin" / "python"), []
        if subprocess.run([python, "-m", "pip", "install", "-q", "pip-audit"]).returncode:
            print("AUDIT SKIPPED: pip-audit could not be installed")
            return 0
        for service in SERVICES:
            known, reason = audited(python, service)
            if known:
                return report(known, service)
            reasons.append(f"{service}: {reason}")
    print(f"AUDIT SKIPPED: no advisory data could be had ({'; '.join(reasons)})")
    return 0


def report(known: list[dict], service: str) -> int:
    """Name every vulnerability, and how many packages were audited."""
    bad = [(each["name"], each["version"], one["id"]) for each in known for one in each["vulns"]]
    for name, version, identity in bad:
        print(f"{name} {version}: {identity}")
    print(f"audited {len(known)} packages by {service}: {len(bad)} known vulnerabilities")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
