"""The round trip against a real Label Studio: `make test-labelstudio` (pytest does not collect this file).

It makes tasks from a small invented transcript with `stance segment` and `stance tasks`, starts a Label Studio of its
own (pinned, in `.venv-labelstudio`, on SQLite in a temporary folder, on a free port of this machine), imports them with
our labelling configuration, and labels in Chromium as a person would: with a shortcut, by mouse with doubt and a note,
by accepting the model's suggestion, by skipping. It then exports JSON and JSON-MIN, with and without the tasks nobody
labelled, reads each with `stance labels`, and demands that exactly what was chosen in the browser comes back, that a
second import adds nothing, and that all exports give the same file. The labelling page is kept as
`docs/images/label-studio.png`.

Needs Debian's packages chromium and chromium-driver, and PyPI the first time. `data/` is not touched.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGES = ["label-studio==1.23.2", "selenium==4.46.0"]
VENV = ROOT / ".venv-labelstudio"
PICTURE = ROOT / "docs/images/label-studio.png"
CODEBOOK = ROOT / "configs/codebook.yaml"
PATIENCE = 600  # seconds for anything to happen; the machine may be busy
EMAIL, ANNOTATOR, MODEL = "maria@example.org", "maria", "guesses"

TRANSCRIPT = """\
Mr. Holm (Norland): We welcome the new sanctions on Westmark and will enforce them in full. My country thanks the \
Secretariat for its report. The arms embargo must stay until the shelling stops.

Ms. Okoro (Southern Isles): The blockade of Westmark is unlawful and it starves the poor. We call on the Council to \
lift these measures without delay. Only talks between the two neighbours can end this crisis.

Mr. Lind (Eastland): Last year 40 ships were inspected in the strait. My delegation asks both sides to return to the \
table and negotiate. I thank the interpreters & close with the words "peace <first>".
"""
# What is done in the browser, task after task: `key` is a shortcut, `choices` are clicked, `note` is typed (and added,
# or left in its box), `guess` is a suggestion that is there already and is submitted as it is.
STEPS: list[dict[str, Any]] = [
    {"key": "1"},
    {"choices": {"label": "none", "confidence": "torn", "second": "support"}, "note": 'Only "thanks" & a report'},
    {"choices": {"label": "support"}, "skip": True},
    {"guess": "oppose"},
    {"guess": "oppose", "choices": {"label": "dialogue", "confidence": "some doubt"}, "note": "Left", "add": False},
]
PICTURED = 1  # the step whose page is kept as a picture, once it is filled in
UNTOUCHED = 5  # a task with a suggestion that nobody looks at
# The account's colour is drawn by chance, and ticks fade in; the picture is to be the same every time.
STILL = """
const style = document.createElement('style');
style.textContent = '* { transition: none !important; animation: none !important; caret-color: transparent !important }'
    + '[data-testid=userpic] { visibility: hidden }';
document.head.append(style);
"""
# What must come back, by the number of the statement.
EXPECTED: dict[int, dict[str, Any]] = {
    0: {"label": "support", "confidence": 1.0},
    1: {"label": "none", "second": "support", "confidence": 0.6, "note": 'Only "thanks" & a report'},
    3: {"label": "oppose", "confidence": 1.0},
    4: {"label": "dialogue", "confidence": 0.8, "note": "Left"},
}


class RoundTripError(Exception):
    """What went wrong, and the remedy where there is one."""


def demand(holds: object, what: str) -> None:
    """Stop with `what` unless it holds."""
    if not holds:
        raise RoundTripError(what)


def wait_until(ready: Callable[[], Any], what: str) -> Any:
    """Ask again and again until there is an answer; give it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if answer := ready():
            return answer
        time.sleep(0.5)
    raise RoundTripError(f"waited {PATIENCE} s in vain: {what}")


# ---- Preparation


def browser_programs() -> tuple[str, str]:
    """Paths of Chromium and of its driver."""
    paths = shutil.which("chromium"), shutil.which("chromedriver")
    missing = [name for name, path in zip(("chromium", "chromium-driver"), paths, strict=True) if not path]
    demand(not missing, f"{' and '.join(missing)} missing; on Debian: apt-get install chromium chromium-driver")
    return str(paths[0]), str(paths[1])


def install() -> None:
    """Make the virtual environment of Label Studio, unless it is there with these very packages."""
    stamp, pins = VENV / "installed", "\n".join([*PACKAGES, sys.version])
    if stamp.is_file() and stamp.read_text() == pins:
        return
    print(f"Installing {' and '.join(PACKAGES)} in {VENV.name} (1 GB; minutes) ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    command = [VENV / "bin/pip", "install", "--quiet", *PACKAGES]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    demand(done.returncode == 0, f"pip could not install {', '.join(PACKAGES)}; is PyPI reachable?\n{done.stdout}")
    stamp.write_text(pins)


def stance(folder: Path, *arguments: object) -> str:
    """Run our command line in a folder; give what it says."""
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "160"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    demand(done.returncode == 0, f"stance {arguments[0]}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def make_tasks(folder: Path) -> list[dict[str, Any]]:
    """Statements and blind tasks by the command line; then suggestions on some, as `stance tasks` adds with a model."""
    from pipeline.codebook import load_codebook
    from pipeline.labelstudio import task
    from pipeline.segment import Summary, read_statements

    (folder / "raw").mkdir()
    (folder / "raw/meeting.txt").write_text(TRANSCRIPT)
    stance(folder, "segment", "raw", "--out", "statements.parquet")
    settings = ["--codebook", CODEBOOK, "--bases", ROOT / "configs/base-models.yaml"]
    settings += ["--params", ROOT / "configs/params.yaml", "--annotations", "none", "--model", "none"]
    stance(folder, "tasks", "raw", "--out", "tasks.json", *settings)
    tasks: list[dict[str, Any]] = json.loads((folder / "tasks.json").read_text())
    book = load_codebook(CODEBOOK)
    statements = list(read_statements([str(folder / "raw")], Summary()))
    demand(len(tasks) == len(statements) == 9, f"9 tasks were to be made, not {len(tasks)} of {len(statements)}")
    guesses = {number: step["guess"] for number, step in enumerate(STEPS) if "guess" in step} | {UNTOUCHED: "dialogue"}
    for number, label in guesses.items():
        guess = {name: 0.7 if name == label else 0.1 for name in book.names}
        made = task(statements[number], book, guess, MODEL)
        demand(made["data"] == tasks[number]["data"], f"task {number} is not of statement {number}")
        tasks[number] = made
    return tasks


# ---- The server


@contextmanager
def running(command: list[Any], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program with a log; it is stopped at the end, with all that it started."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=log.parent, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        for means in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, means)
                process.wait(30)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A running Label Studio, through its REST API."""

    def __init__(self, url: str, token: str, password: str) -> None:
        self.url, self.token, self.password = url, token, password
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def up(self) -> bool:
        """Whether it answers yet."""
        try:
            return self.opener.open(f"{self.url}/health", timeout=30).status == 200
        except OSError:
            return False

    def call(self, path: str, body: Any = None) -> bytes:
        """POST a body, or GET without one; give the answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/{path}", data=data, headers=headers)
        try:
            return bytes(self.opener.open(request, timeout=PATIENCE).read())
        except urllib.error.HTTPError as error:
            raise RoundTripError(f"{path}: {error.code} {error.read().decode(errors='replace')[:2000]}") from None


@contextmanager
def label_studio(folder: Path) -> Iterator[Server]:
    """A Label Studio with one account, its data in the folder; it asks nobody outside this machine."""
    home = folder / "home"
    home.mkdir()
    port, token, password = free_port(), secrets.token_hex(20), secrets.token_urlsafe(12)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LABEL_STUDIO_")} | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "LABEL_STUDIO_BASE_DATA_DIR": str(home / "label-studio"),
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
    }
    command = [VENV / "bin/label-studio", "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    # The token only counts where the old kind of API token is allowed.
    command += ["--enable-legacy-api-token", "--username", EMAIL, f"--password={password}", "--user-token", token]
    log = folder / "server.log"
    server = Server(f"http://127.0.0.1:{port}", token, password)
    try:
        with running(command, log, environment) as process:
            wait_until(lambda: server.up() or process.poll() is not None, "Label Studio does not answer")
            demand(process.poll() is None, "Label Studio ended as soon as it was started")
            yield server
    except RoundTripError as failure:
        tail = log.read_text(errors="replace")[-3000:]
        raise RoundTripError(f"{failure}\n--- Label Studio's log ends\n{tail}") from None


def make_project(server: Server, folder: Path, tasks: list[dict[str, Any]]) -> int:
    """A project with our labelling configuration and our tasks; give its number."""
    body = {"title": "Stance", "label_config": (folder / "tasks.xml").read_text()}
    project = int(json.loads(server.call("projects/", body))["id"])
    answer = json.loads(server.call(f"projects/{project}/import", tasks))
    counts = answer["task_count"], answer["prediction_count"]
    suggested = sum("predictions" in t for t in tasks)
    demand(counts == (len(tasks), suggested), f"(tasks, suggestions) imported: {counts}")
    return project


# ---- The browser (this part runs in the environment that has selenium)


class Page:
    """Label Studio's labelling page in a browser."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def find(self, selector: str) -> list[Any]:
        """Elements, none where there are none (yet)."""
        return list(self.driver.find_elements("css selector", selector))

    def log_in(self, url: str, password: str) -> None:
        """Fill in the login page."""
        self.driver.get(f"{url}/user/login/")
        self.find("[name=email]")[0].send_keys(EMAIL)
        self.find("[name=password]")[0].send_keys(password + "\n")
        wait_until(lambda: "/login" not in self.driver.current_url, "the login is not accepted")

    def wait_for(self, data: dict[str, str]) -> None:
        """Wait for a task: the statement before it and the statement."""
        shown = [data["previous"], data["statement"]]
        script = "return [...document.querySelectorAll('.lsf-richtext')].map(e => e.innerText.trim())"
        wait_until(lambda: self.driver.execute_script(script) == shown, f"the page does not show {shown}")

    def checked(self, name: str) -> list[str]:
        """The choices that are ticked in one of our three groups."""
        return [box.get_attribute("name") for box in self.group(name) if box.is_selected()]

    def group(self, name: str) -> list[Any]:
        """The boxes of one of our three groups of choices."""
        groups = self.find(".lsf-choices")
        demand(len(groups) == 3, f"3 groups of choices were to be shown, not {len(groups)}")
        number = ["label", "confidence", "second"].index(name)
        return list(groups[number].find_elements("css selector", "input"))

    def tick(self, name: str, choice: str) -> None:
        """Click a choice, and wait for its tick."""
        (box,) = [box for box in self.group(name) if box.get_attribute("name") == choice]
        box.click()
        wait_until(lambda: self.checked(name) == [choice], f"{choice} of {name} is not ticked alone")

    def write(self, note: str, add: bool) -> None:
        """Type a note, and add it or leave it in its box."""
        self.find("[data-testid=textarea-input]")[0].send_keys(note)
        if add:
            next(b for b in self.find("[data-testid=textarea-form] button") if b.text.strip() == "Add").click()
            wait_until(lambda: not self.find("[data-testid=textarea-input]"), "the note is not added")

    def press(self, name: str) -> None:
        """Press the button `submit` or `skip`, once no message covers it."""
        from selenium.common.exceptions import ElementClickInterceptedException

        def pressed() -> bool:
            try:
                self.find(f"[data-testid=bottombar-{name}-button]")[0].click()
            except ElementClickInterceptedException:
                return False
            return True

        wait_until(pressed, f"something covers the button {name}")

    def quiet(self) -> None:
        """Wait until no message is shown."""
        wait_until(lambda: not any(e.is_displayed() for e in self.find("[class*=toast]")), "a message stays")


def do_step(page: Page, step: dict[str, Any], data: dict[str, str], picture: Path | None) -> None:
    """One task in the browser."""
    page.wait_for(data)
    suggested = [step["guess"]] if "guess" in step else []
    wait_until(lambda: page.checked("label") == suggested, f"suggested is not {suggested}")
    if "key" in step:
        page.find("body")[0].send_keys(step["key"])
        wait_until(lambda: page.checked("label"), f"the shortcut {step['key']} ticks nothing")
    for name, choice in step.get("choices", {}).items():
        page.tick(name, choice)
    if "note" in step:
        page.write(step["note"], step.get("add", True))
    if picture:
        page.quiet()
        page.driver.execute_script(STILL)
        time.sleep(1)
        demand(page.driver.save_screenshot(str(picture)), f"{picture} cannot be written")
    page.press("skip" if step.get("skip") else "submit")


def browse(plan: dict[str, Any]) -> None:
    """Label all tasks that have a step, in the stream that `Label All Tasks` opens."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = plan["chromium"]
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={plan['profile']}")
    options.add_argument("--window-size=1400,1000")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")  # the page asks trackers
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=plan["driver"]))
    try:
        driver.set_page_load_timeout(PATIENCE)
        page = Page(driver)
        page.log_in(plan["url"], plan["password"])
        driver.get(f"{plan['url']}/projects/{plan['project']}/data?labeling=1")
        for number, (step, task) in enumerate(zip(STEPS, plan["tasks"], strict=False)):
            try:
                do_step(page, step, task["data"], Path(plan["picture"]) if number == PICTURED else None)
            except Exception as error:
                text = page.find("body")[0].text
                raise RoundTripError(f"step {number}: {error}\n--- The page at {driver.current_url}\n{text}") from error
        page.wait_for(plan["tasks"][len(STEPS)]["data"])  # the next task comes once the last answer is saved
    finally:
        driver.quit()


def label_in_browser(server: Server, project: int, folder: Path, tasks: list[dict[str, Any]]) -> None:
    """Run `browse` in the other environment; keep the picture once all is done."""
    chromium, driver = browser_programs()
    plan = {"url": server.url, "password": server.password, "project": project, "tasks": tasks}
    plan |= {"chromium": chromium, "driver": driver, "profile": str(folder / "profile")}
    plan |= {"picture": str(folder / "page.png")}
    (folder / "plan.json").write_text(json.dumps(plan))
    log = folder / "browser.log"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(folder / "home"), "no_proxy": "127.0.0.1"}
    environment["TMPDIR"] = str(folder)
    command = [VENV / "bin/python", "-m", "tests.labelstudio_server", "browse", folder / "plan.json"]
    with running(command, log, environment) as process:
        demand(process.wait() == 0, f"labelling in the browser failed\n{log.read_text(errors='replace')[-6000:]}")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "page.png", PICTURE)


# ---- The way back


def check_export(folder: Path, name: str, tasks: list[dict[str, Any]]) -> bytes:
    """Read an export twice into a folder of its own; what came back must be what was chosen. Give the file."""
    annotations = folder / f"annotations-{name}"
    annotations.mkdir()
    arguments = ["labels", f"{name}.json", "--annotator", ANNOTATOR, "--statements", "statements.parquet"]
    arguments += ["--annotations", str(annotations), "--codebook", str(CODEBOOK)]
    said = stance(folder, *arguments)
    (file,) = annotations.iterdir()
    demand(file.name == f"{ANNOTATOR}.jsonl", f"{name}: written to {file.name}")
    first = file.read_bytes()
    version = tasks[0]["data"]["codebook"]
    found = {row.pop("statement_id"): row for row in map(json.loads, first.decode().splitlines())}
    for row in found.values():
        demand(len(row.pop("date")) == 10 and row.pop("codebook") == version, f"{name}: date or codebook of {row}")
    expected = {tasks[number]["data"]["statement_id"]: row for number, row in EXPECTED.items()}
    demand(found == expected, f"{name}: chosen was {expected}, what came back is {found}")
    demand(f"{len(expected)} of {len(expected)} decisions were new" in said, f"{name}: {said}")
    again = stance(folder, *arguments)
    demand(again.startswith("0 of ") and file.read_bytes() == first, f"{name}: a second import added: {again}")
    return first


def check_exports(server: Server, project: int, folder: Path, tasks: list[dict[str, Any]]) -> list[str]:
    """Export in both formats, without and with the tasks nobody labelled, and hold all against each other."""
    files = {}
    for kind in ("JSON", "JSON_MIN"):
        for everything in ("false", "true"):
            name = f"{kind}-{everything}"
            export = server.call(f"projects/{project}/export?exportType={kind}&download_all_tasks={everything}")
            (folder / f"{name}.json").write_bytes(export)
            files[name] = check_export(folder, name, tasks)
    demand(len(set(files.values())) == 1, "the exports do not give the same file")
    return list(files)


def round_trip(folder: Path) -> None:
    """All of it, in a temporary folder."""
    start = time.monotonic()
    tasks = make_tasks(folder)
    print(f"{len(tasks)} tasks made; starting Label Studio ...", flush=True)
    with label_studio(folder) as server:
        project = make_project(server, folder, tasks)
        print("Labelling in Chromium ...", flush=True)
        label_in_browser(server, project, folder, tasks)
        exports = check_exports(server, project, folder, tasks)
        versions = json.loads(server.call("version"))
    print(
        f"Label Studio {versions['release']}: {len(tasks)} tasks imported, {len(STEPS)} worked through in the browser "
        f"(1 skipped), {len(EXPECTED)} decisions back from each of {len(exports)} exports, all alike; "
        f"a second import added nothing. {PICTURE.relative_to(ROOT)} is new. {time.monotonic() - start:.0f} s"
    )


def main() -> int:
    """Try the round trip, or in the other environment only the browser's part of it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is cleaned up then, too
    try:
        if sys.argv[1:2] == ["browse"]:
            browse(json.loads(Path(sys.argv[2]).read_text()))
            return 0
        browser_programs()
        install()
        with tempfile.TemporaryDirectory(prefix="label-studio-", ignore_cleanup_errors=True) as folder:
            round_trip(Path(folder))
    except RoundTripError as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
