"""Packages of a Debian-like distribution, unpacked without root: nothing is installed and no service starts."""

from __future__ import annotations

from pathlib import Path

from seatrial.stacks.fetching import InstallError, Run, Tell


def unpacked(package: str, scratch: Path, tell: Tell, run: Run) -> Path:
    """Download the package and unpack it below `scratch`. Raises InstallError."""
    tell(f"fetching the distribution's package '{package}' (apt-get download; nothing is installed)")
    try:
        run([*apt(), "download", package], scratch)
    except InstallError:
        tell(
            "the machine's package lists do not have it: fetching lists into the cache (the machine's stay as they are)"
        )
        private = _private_lists(scratch)
        try:
            run([*apt(*private), "update"], scratch)
            run([*apt(*private), "download", package], scratch)
        except InstallError as error:
            raise InstallError(f"{error}\nRun `apt-get update` as root, then `seatrial install` again.") from error
    file = next(scratch.glob(f"{package}_*.deb"), None)
    if file is None:
        raise InstallError(f"apt-get download left no package {package}. Install it by hand.")
    run(["dpkg", "-x", str(file), str(scratch / "unpacked")], scratch)
    return scratch / "unpacked"


def apt(*options: str) -> list[str]:
    """Apt as this user: its sandbox user could not write into our folder."""
    return ["apt-get", "-q", "-o", "APT::Sandbox::User=root", *options]


def _private_lists(scratch: Path) -> tuple[str, ...]:
    lists = scratch / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    return (
        "-o", f"Dir::State::lists={lists}",
        "-o", f"Dir::Cache::archives={scratch}",
        "-o", "Dir::Cache::pkgcache=",
        "-o", "Dir::Cache::srcpkgcache=",
    )  # fmt: skip
