"""Which files make the layer: all that belongs, nothing by chance, always in the same order."""

from pathlib import Path

from cp_event_source.layer.layer_files import layer_files


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def test_the_folders_files_lie_under_python_sorted(tmp_path: Path) -> None:
    write(tmp_path, "money.py", "domain_handler.py", "vendored/b.py", "vendored/a/data.json", "rates.csv")
    assert list(layer_files(tmp_path)) == [
        "python/domain_handler.py",
        "python/money.py",
        "python/rates.csv",
        "python/vendored/a/data.json",
        "python/vendored/b.py",
    ]
    assert layer_files(tmp_path)["python/vendored/b.py"] == tmp_path / "vendored" / "b.py"


def test_what_running_editing_and_testing_leave_behind_stays_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        "domain_handler.py",
        "__pycache__/domain_handler.cpython-314.pyc",
        "vendored/__pycache__/a.cpython-314.pyc",
        "vendored/a.pyc",
        ".DS_Store",
        ".git/config",
        ".venv/lib/site.py",
        "venv/pyvenv.cfg",
        "venv/lib/site.py",
        "tests/test_domain.py",
        "test_domain_handler.py",
        "conftest.py",
    )
    assert list(layer_files(tmp_path)) == ["python/domain_handler.py"]


def test_a_packages_own_tests_stay_since_it_may_import_them(tmp_path: Path) -> None:
    write(tmp_path, "domain_handler.py", "vendored/tests/support.py", "vendored/test_tools.py")
    assert set(layer_files(tmp_path)) == {
        "python/domain_handler.py",
        "python/vendored/test_tools.py",
        "python/vendored/tests/support.py",
    }


def test_equal_folders_make_equal_lists_whatever_order_they_were_written_in(tmp_path: Path) -> None:
    names = ["domain_handler.py", "b.py", "a/z.py", "a/y.py", "A.py"]
    write(tmp_path / "one", *names)
    write(tmp_path / "two", *reversed(names), "__pycache__/b.cpython-314.pyc")
    assert list(layer_files(tmp_path / "one")) == list(layer_files(tmp_path / "two"))
