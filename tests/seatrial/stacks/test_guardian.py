import ast
from pathlib import Path

from seatrial.stacks import guardian
from seatrial.stacks.ports import PortLocks


def run_with_leftovers(tmp_path: Path) -> tuple[Path, Path]:
    run_dir, ports = tmp_path / "run", tmp_path / "ports"
    (run_dir / "logs").mkdir(parents=True)
    (run_dir / "secrets").mkdir()
    ports.mkdir()
    for name in ("identities.json", "secrets/orders", ".run.json.7.tmp", "logs/.a.8.tmp", "run.json", "logs/a.jsonl"):
        (run_dir / name).touch()
    (ports / "20000.lock").write_text("run-1")
    (ports / "20001.lock").write_text("run-2")
    return run_dir, ports


def test_secrets_and_partial_files_go_and_evidence_stays(tmp_path: Path) -> None:
    run_dir, ports = run_with_leftovers(tmp_path)
    guardian.remove_leftovers("run-1", run_dir, ports)
    assert sorted(path.name for path in run_dir.rglob("*") if path.is_file()) == ["a.jsonl", "run.json"]


def test_only_the_runs_own_port_locks_go(tmp_path: Path) -> None:
    run_dir, ports = run_with_leftovers(tmp_path)
    guardian.remove_leftovers("run-1", run_dir, ports)
    assert [path.name for path in ports.iterdir()] == ["20001.lock"]


def test_a_lock_that_is_held_stays(tmp_path: Path) -> None:
    locks = PortLocks(tmp_path / "ports", "run-1")
    port = locks.take()
    guardian.remove_leftovers("run-1", tmp_path, tmp_path / "ports")
    assert (tmp_path / "ports" / f"{port}.lock").exists()
    locks.release()


def test_a_run_that_left_nothing_is_no_error(tmp_path: Path) -> None:
    guardian.remove_leftovers("run-1", tmp_path, tmp_path / "absent")


def test_nobody_carries_an_unknown_run() -> None:
    assert guardian.processes_of("no-such-run") == []


def test_it_imports_psutil_and_the_standard_library_only() -> None:
    tree = ast.parse(Path(guardian.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert not any(str(name).startswith("seatrial") for name in imported)
