"""The files and changes that pages show fit the tree as it is. That they work there: e2e/test_docs.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from written import ROOT, Change, changes, pages, read

CHANGING = [page for page in pages() if changes(read(page))]
SHOWN = """```python
# new/file.py
print()
```

```diff
+++ old.txt
 one
-two
+three
@@
 last
+more
```

```yaml
name: part of something
```
"""


@pytest.mark.parametrize("page", CHANGING)
def test_changes_fit_what_is_there(page: str, tmp_path: Path) -> None:
    shown = changes(read(page))
    for file in {change.file for change in shown if change.hunks}:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    for change in shown:
        change.apply(tmp_path)
    for file in tmp_path.rglob("*.py"):
        compile(file.read_text(), str(file), "exec")


@pytest.mark.parametrize("page", CHANGING)
def test_new_files_are_new(page: str) -> None:
    assert [change.file for change in changes(read(page)) if not change.hunks and (ROOT / change.file).exists()] == []


def test_a_change_is_made_where_it_says(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("one\ntwo\nlast\n")
    for change in changes(SHOWN):
        change.apply(tmp_path)
    assert (tmp_path / "new" / "file.py").read_text() == "print()\n"
    assert (tmp_path / "old.txt").read_text() == "one\nthree\nlast\nmore\n"


@pytest.mark.parametrize("text", ["one\nother\nlast\n", "one\ntwo\none\ntwo\n"], ids=["gone", "twice"])
def test_a_change_without_its_place_is_noticed(text: str, tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text(text)
    with pytest.raises(AssertionError, match=r"old\.txt has this"):
        Change("old.txt", hunks=(("one\ntwo\n", "one\n"),)).apply(tmp_path)
