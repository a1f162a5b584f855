import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "leadboost"
PYTHON_LOCKS = ["requirements.lock", "requirements-dev.lock"]
LOCKS = [*PYTHON_LOCKS, "requirements-node.lock"]
NPM_LOCK = PACKAGE / "console" / "ui" / "package-lock.json"
MACHINE_PATH = re.compile(r"/(?:work|root|farm|home/\w+)/|bash[_]jobs")
SENTENCE = re.compile(r"test_[a-z0-9]+(_[a-z0-9]+){2,}")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def texts() -> Iterator[Path]:
    """What a commit holds, as far as it is text: no environment, cache or data folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    yield from (ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def found(paths: Iterator[Path], wrong: Callable[[ast.AST], bool]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        for path in paths
        for node in ast.walk(tree(path))
        if wrong(node)
    ]


def calls(*names: str) -> Callable[[ast.AST], bool]:
    """Match a call of any of these names, plain or as an attribute."""
    return lambda node: isinstance(node, ast.Call) and last_name(node.func) in names


def last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return last_name(value)
        case _:
            return ""


def imports(*modules: str) -> Callable[[ast.AST], bool]:
    def wrong(node: ast.AST) -> bool:
        match node:
            case ast.Import(names=names):
                return any(alias.name.split(".")[0] in modules for alias in names)
            case ast.ImportFrom(module=str(module)):
                return module.split(".")[0] in modules
            case _:
                return False

    return wrong


# -- what a commit holds --------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_hold_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z0-9][^=\n ]*==\S+.*$", text, re.MULTILINE)

    assert "://" not in text
    assert pins
    assert all(pin.endswith("\\") for pin in pins)  # a hash follows
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(pins)


def test_the_console_lock_holds_hashes_and_no_address() -> None:
    packages = json.loads(NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    installed = {name: package for name, package in packages.items() if name}

    assert installed
    assert [name for name, package in installed.items() if "resolved" in package] == []
    assert [name for name, package in installed.items() if "integrity" not in package] == []


def test_both_locks_agree_on_every_version() -> None:
    run, dev = (
        dict(re.findall(r"^([a-z0-9._-]+)(?:\[\S*\])?==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))
        for lock in PYTHON_LOCKS
    )

    assert run.items() <= dev.items()


def test_no_text_holds_a_path_of_one_machine() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for path in texts()
        if path != Path(__file__) and path.suffix not in (".csv", ".gz", ".png")
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if MACHINE_PATH.search(line)
    ]

    assert wrong == []


def test_the_licence_is_apache_2_in_full() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_every_exception_to_a_tool_states_its_reason() -> None:
    silenced = re.compile(r"#\s*(?:noqa: [A-Z]+\d+|type: ignore\[[\w-]+\]|noqa|type: ignore)(.*)")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources("leadboost")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := silenced.search(line)) and not re.search(r"\w{2,}", match[1])
    ]

    assert wrong == []


# -- house rules ----------------------------------------------------------------------------------


def test_tasks_are_started_in_the_runtime_only() -> None:
    outside = (path for path in sources("leadboost") if PACKAGE / "runtime" not in path.parents)

    assert found(outside, calls("create_task", "ensure_future", "run_coroutine_threadsafe")) == []


def test_nothing_uses_wait_for() -> None:
    assert found(sources("leadboost"), calls("wait_for")) == []


def test_the_environment_is_read_in_config_only() -> None:
    elsewhere = (path for path in sources("leadboost") if path != PACKAGE / "config.py")
    reads = ("environ", "environb", "getenv")

    def wrong(node: ast.AST) -> bool:
        return getattr(node, "attr", "") in reads or getattr(node, "name", "") in reads

    assert found(elsewhere, wrong) == []


def test_no_module_can_run_what_it_loads() -> None:
    unsafe = ("pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "yaml")
    runs = ("eval", "exec", "__import__")

    assert found(sources("leadboost"), imports(*unsafe)) == []
    assert (
        found(
            sources("leadboost"),
            lambda node: (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in runs
            ),
        )
        == []
    )


def test_every_queue_has_a_bound() -> None:
    def unbounded(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        keywords = {keyword.arg for keyword in node.keywords}
        queue = last_name(node.func) in ("Queue", "LifoQueue", "PriorityQueue")
        return (queue and not node.args and "maxsize" not in keywords) or last_name(
            node.func
        ) == "SimpleQueue"

    assert found(sources("leadboost"), unbounded) == []


def test_packages_list_their_public_names_in_order() -> None:
    wrong = []
    for path in PACKAGE.rglob("__init__.py"):
        names = public_names(path)
        imported = any(isinstance(node, ast.ImportFrom) for node in tree(path).body)
        constants_first = sorted(names, key=lambda name: (not name.isupper(), name))
        if names not in (sorted(names, key=str.casefold), constants_first):
            wrong.append(f"{path.relative_to(ROOT)} is not sorted")
        if imported and not names:
            wrong.append(f"{path.relative_to(ROOT)} has no __all__")

    assert wrong == []


def test_the_runtime_exports_at_most_ten_names() -> None:
    assert 0 < len(public_names(PACKAGE / "runtime" / "__init__.py")) <= 10


def public_names(path: Path) -> list[str]:
    for node in tree(path).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                names = ast.literal_eval(value)
                assert isinstance(names, list | tuple)
                return list(names)
            case _:
                continue
    return []


def test_the_runtime_knows_no_leadboost_word() -> None:
    words = re.compile(r"scout|trainer|enterprise|stock|sale|sku|campaign|shop|roi(?!d)", re.IGNORECASE)
    naming = ("id", "attr", "name", "arg")

    def wrong(node: ast.AST) -> bool:
        return any(words.search(str(getattr(node, part, ""))) for part in naming)

    assert found(sources("leadboost/runtime"), wrong) == []


# -- imports --------------------------------------------------------------------------------------

IMPORT_EVERYTHING = """
import importlib, pathlib, sys
package = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(package.parent))
names = [
    ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in package.rglob("*.py")
]
for name in names:  # once for real: what libraries do on import is theirs
    importlib.import_module(name)
for name in names:
    del sys.modules[name]

def watch(event, args):
    touched = event in ("socket.__new__", "socket.connect", "subprocess.Popen", "os.mkdir", "os.remove")
    written = event == "open" and isinstance(args[1], str) and any(c in args[1] for c in "wxa+")
    if touched or written:
        raise SystemExit(f"importing {name} causes {event} {args!r}")

threads = __import__("threading").active_count()
sys.dont_write_bytecode = True
sys.addaudithook(watch)
for name in names:
    importlib.import_module(name)
assert __import__("threading").active_count() == threads, "an import started a thread"
print(len(names))
"""


def test_importing_every_module_touches_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", IMPORT_EVERYTHING, str(PACKAGE)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 10
    assert list(tmp_path.iterdir()) == []


# -- tests ----------------------------------------------------------------------------------------


def every_test() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sources("tests"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield path, node


def test_names_of_tests_are_sentences_and_stand_alone() -> None:
    wrong = [
        f"{path.name}: {node.name}"
        for path, node in every_test()
        if not SENTENCE.fullmatch(node.name) or ast.get_docstring(node)
    ]

    assert wrong == []


def test_no_test_sleeps_on_a_real_clock() -> None:
    virtual = ROOT / "tests" / "unit"  # its loop jumps to the next timer
    asleep = [
        f"{path.name}: {node.name}"
        for path, node in every_test()
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and last_name(call.func) == "sleep"
        if ast.unparse(call) != "asyncio.sleep(0)"
        if virtual not in path.parents or ast.unparse(call.func) == "time.sleep"
    ]

    assert asleep == []


# -- README ---------------------------------------------------------------------------------------


RUN_COMMAND = "import sys; from leadboost.cli import main; sys.exit(main())"


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def code_in_readme() -> str:
    """All that is marked as code: fenced blocks, indented blocks, and spans, those of tables among them."""
    text = readme()
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^ {4}(\S.*)", rest, re.MULTILINE)
    return "\n".join([*fenced, *indented, *re.findall(r"`([^`\n]+)`", rest)])


def commands_in_readme() -> set[str]:
    return set(re.findall(r"^leadboost ((?:ingest |token )?[a-z]+)\b", code_in_readme(), re.MULTILINE))


def test_every_command_in_readme_exists() -> None:
    mentioned = commands_in_readme()

    assert {"up", "check", "ingest outcomes", "token create"} <= mentioned
    for command in sorted(mentioned):
        shown = subprocess.run(
            [sys.executable, "-c", RUN_COMMAND, *command.split(), "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert shown.returncode == 0, f"leadboost {command}: {shown.stderr}"


def test_every_make_target_in_readme_exists() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    mentioned = set(re.findall(r"^make ([a-z]+)\b", code_in_readme(), re.MULTILINE))

    assert {"run", "test", "bench", "drill"} <= mentioned <= set(targets)


def test_every_file_that_readme_points_to_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", readme())

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_version_is_the_same_in_package_and_changelog() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', pyproject, re.MULTILINE)

    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_package_carries_its_queries() -> None:
    package = files("leadboost")

    assert any(entry.name.endswith(".sql") for entry in (package / "store" / "sql").iterdir())
