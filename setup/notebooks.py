"""Runs TypeScript notebooks strictly and keeps the executed copies.

tslab reports an error as text on standard error, and a rejected promise that nobody awaited or a throw in a
timer not as an error at all, so the usual runners pass notebooks that failed. Here a notebook fails on a cell
that throws, on any uncaught exception or unhandled rejection, on any line on standard error that is not known to
be harmless, on a promise shown as a result where `await` was forgotten, and when its time is up. Parameters reach a notebook as environment variables.
"""

import argparse
import asyncio
import ctypes
import json
import multiprocessing
import os
import pathlib
import re
import signal
import sys
import tempfile
import threading
import time

import nbformat
import psutil
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from notebook_page import page

# Each with the reason why it says nothing about the notebook.
HARMLESS = (
    r"^$",
    r"^\d{4}-\d\d-\d\d .*: [IW] (tensorflow|external)/",  # TensorFlow's own log, information and warnings
    r"^(WARNING: All log messages before absl::InitializeLog|[IWE]\d{4} .*port\.cc)",  # the same, before it starts
)
# Reports of several lines, likewise. tslab watches the folders above a notebook for packages that may appear there; when
# two files appear at once (in a home folder they do), its watcher complains, and nothing comes of it.
HARMLESS_BLOCKS = (r"UncaughtException: Error: Unexpected pending rebuildTimer\n(?:[ \t]+at .*(?:\n|$))+",)
# How tslab shows a promise as the value of a cell: whatever becomes of it, the notebook does not see it.
FORGOTTEN_AWAIT = re.compile(r"^Promise \{\s+<(pending|rejected)>", re.MULTILINE)
# Timers and promises left behind by the last cell have this long to fail.
SETTLE = "await new Promise((resolve) => setTimeout(resolve, 500));"


class Failure(Exception):
    """A reason for which a notebook failed, with the cell (counted from 1 over all cells) where it showed."""

    def __init__(self, message: str, cell: int | None = None):
        lines = [line for line in message.strip().splitlines() if line.strip()]
        super().__init__((f"cell {cell}: " if cell else "") + "\n    ".join(lines[:8]))


class PeakMemory(threading.Thread):
    """Resident memory of this process's children, all together, at its highest."""

    def __init__(self):
        super().__init__(daemon=True)
        self.bytes, self.done = 0, threading.Event()

    def run(self):
        while not self.done.wait(0.1):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    pass  # it ended meanwhile
            self.bytes = max(self.bytes, total)


def stray_lines(text: str, harmless: list[str]) -> str:
    for block in HARMLESS_BLOCKS:
        text = re.sub(block, "", text)
    return "\n".join(line for line in text.splitlines() if not any(re.search(known, line) for known in harmless))


def stream(cell, name: str) -> str:
    return "".join(output.text for output in cell.get("outputs", []) if output.get("name") == name)


def check_promises(notebook) -> None:
    for number, cell in enumerate(notebook.cells, 1):
        if FORGOTTEN_AWAIT.search(shown := stream(cell, "stdout")):
            raise Failure(f"its value is a promise: await is missing\n{shown}", number)


class ErrorStream:
    """Everything a kernel writes to standard error, by the cell (from 1) it belongs to.

    nbclient drops what arrives between two cells, and that is where tslab reports rejected promises: so the
    messages are noted as they come in.
    """

    def __init__(self, client: NotebookClient):
        self.client, self.cell, self.messages, self.cells = client, None, [], {}
        client.on_notebook_start = self.listen
        client.on_cell_execute = self.start
        client.on_cell_executed = self.end

    def listen(self, notebook):
        channel = self.client.kc.iopub_channel
        get = channel.get_msg

        async def get_and_note(*args, **options):
            message = await ensure_async(get(*args, **options))
            if message["msg_type"] == "stream" and message["content"]["name"] == "stderr":
                self.messages.append((message["parent_header"].get("msg_id"), message["content"]["text"]))
            return message

        channel.get_msg = get_and_note

    def start(self, cell, cell_index):
        self.cell = cell_index + 1

    def end(self, cell, cell_index, execute_reply):
        self.cells[execute_reply["parent_header"]["msg_id"]] = cell_index + 1

    def by_cell(self):
        texts = {}
        for message, text in self.messages:
            number = self.cells.get(message, self.cell)
            texts[number] = texts.get(number, "") + text
        return sorted(texts.items())


def end_with_parent():
    """What a kernel does first (Linux): ask to be killed when this process ends, however it ends."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        return None
    return lambda: prctl(1, signal.SIGKILL)


def execute(notebook, folder: pathlib.Path, kernel: str, limit: float, harmless: list[str]) -> None:
    deadline = time.monotonic() + limit
    count = len(notebook.cells)
    notebook.cells.append(nbformat.v4.new_code_cell(SETTLE))
    client = NotebookClient(
        notebook,
        kernel_name=kernel,
        resources={"metadata": {"path": str(folder)}},
        timeout_func=lambda cell: max(1, deadline - time.monotonic()),
        record_timing=False,
        coalesce_streams=True,
    )
    errors = ErrorStream(client)
    with tempfile.TemporaryFile("w+") as kernel_stderr:

        def kernel_says() -> str:
            kernel_stderr.seek(0)
            return stray_lines(kernel_stderr.read(), harmless)

        try:
            client.execute(stderr=kernel_stderr, preexec_fn=end_with_parent())
        except CellTimeoutError:
            raise Failure(f"not done after {limit:.0f} s", errors.cell) from None
        except CellExecutionError as error:
            raise Failure(dict(errors.by_cell()).get(errors.cell) or str(error), errors.cell) from None
        except DeadKernelError:
            raise Failure(f"the kernel ended\n{kernel_says()}", errors.cell) from None
        finally:
            notebook.cells.pop()
        for number, text in errors.by_cell():
            if stray := stray_lines(text, harmless):
                message = f"unexpected line on standard error\n{stray}"
                raise Failure(message, number) if number <= count else Failure(f"after the last cell, {message}")
        check_promises(notebook)
        if stray := kernel_says():
            raise Failure(f"unexpected line on the kernel's own standard error\n{stray}")


def normalise(notebook) -> None:
    """Leaves out what differs from run to run or machine to machine without meaning anything."""
    for number, cell in enumerate(notebook.cells, 1):
        cell.metadata.pop("execution", None)
        cell["id"] = f"cell-{number:02d}"
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "TypeScript (tslab)", "language": "typescript", "name": "tslab"},
            "language_info": {"name": "typescript", "file_extension": ".ts", "mimetype": "text/typescript"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5


def write_whole(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf8")
    os.replace(temporary, path)


def read(path: pathlib.Path):
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        return notebook
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 -- nbformat lets through whatever the damage leads to
        raise Failure(f"it is not a valid notebook ({damage(error)}); restore it, or open and save it in Jupyter") from error


def damage(error: Exception) -> str:
    """What is wrong with a notebook, in a few words: a message may quote a whole cell."""
    told = isinstance(error, (nbformat.ValidationError, ValueError))
    lines = str(error).strip().splitlines() if told else []
    if lines and len(lines[0]) <= 200:
        return lines[0]
    place = list(getattr(error, "absolute_path", []))
    cell = f"cell {place[1] + 1}" if place[:1] == ["cells"] and len(place) > 1 else "its structure"
    return f"{cell} is damaged"


def run(path: pathlib.Path, options) -> dict:
    """Runs one notebook; its executed copy is `NAME.ipynb`, or `NAME.failed.ipynb` beside the last good one."""
    out = pathlib.Path(options.out)
    good, bad = out / path.name, out / f"{path.stem}.failed.ipynb"
    memory, start, failure, notebook = PeakMemory(), time.monotonic(), None, None
    memory.start()
    try:
        notebook = read(path)
        folder = pathlib.Path(options.cwd) if options.cwd else path.parent
        execute(notebook, folder, options.kernel, options.timeout, [*HARMLESS, *options.allow])
    except Failure as error:
        failure = str(error)
    except OSError as error:
        failure = f"cannot be read ({error.strerror})"
    except Exception as error:  # noqa: BLE001 -- an unreadable notebook or a kernel that does not start
        failure = f"{type(error).__name__}: {error}"
    memory.done.set()
    memory.join()
    if notebook is not None:
        normalise(notebook)
        write_whole(bad if failure else good, nbformat.writes(notebook) + "\n")
        if options.html and not failure:
            write_whole(out / f"{path.stem}.html", page(notebook, path.stem))
    if not failure:
        bad.unlink(missing_ok=True)
    seconds, megabytes = time.monotonic() - start, memory.bytes / 1e6
    line = f"{'FAILED' if failure else 'ok':6}  {path.name:28}  {seconds:7.1f} s  {megabytes:7.0f} MB"
    print(f"{line}\n  {path.name}, {failure}" if failure else line, flush=True)
    return {
        "notebook": str(path),
        "executed": str(bad if failure else good) if notebook is not None else None,
        "status": "failed" if failure else "ok",
        "failure": failure,
        "seconds": round(seconds, 1),
        "peakMemoryMegabytes": round(megabytes),
    }


def start_worker() -> None:
    """A process for some of the notebooks: it ends with this one, and its kernels with it."""
    if die_with_parent := end_with_parent():
        die_with_parent()
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches the first process, which ends this one
    asyncio.set_event_loop(asyncio.new_event_loop())


def run_series(series: list[pathlib.Path], options) -> list[dict]:
    """Runs notebooks one after the other."""
    results = []
    for path in series:
        results.append(run(path, options))
        if options.stop and results[-1]["failure"]:
            break
    return results


def run_all(options) -> list[dict]:
    """Runs the notebooks in order, and those of --beside next to them, as many at a time as --jobs allows."""
    series = [options.notebooks, *([path] for path in options.beside)]
    jobs = min(options.jobs, len(series))
    if jobs == 1:
        return run_series([path for part in series for path in part], options)
    with multiprocessing.get_context("spawn").Pool(jobs, start_worker) as pool:
        parts = pool.starmap(run_series, [(part, options) for part in series], chunksize=1)
    return [result for part in parts for result in part]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=pathlib.Path)
    parser.add_argument(
        "--beside", action="append", default=[], type=pathlib.Path, metavar="NOTEBOOK",
        help="notebook that needs nothing of the others",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, default=1, help="notebooks at a time (default: 1)")
    parser.add_argument("--out", required=True, help="folder for the executed copies")
    parser.add_argument("--cwd", help="working folder of the notebooks (default: each one's own)")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one notebook (default: 300)")
    parser.add_argument("--kernel", default="tslab", help="kernel name (default: tslab)")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="parameter for the notebooks")
    parser.add_argument("--allow", action="append", default=[], metavar="REGEX", help="harmless line on standard error")
    parser.add_argument("--html", action="store_true", help="also write each executed copy as a page, NAME.html")
    parser.add_argument("--json", type=pathlib.Path, help="also write a summary to this file")
    parser.add_argument("--stop", action="store_true", help="stop at the first failure")
    options = parser.parse_args()
    os.environ.update(item.split("=", 1) for item in options.env)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the workbench's kernel, whatever the user has at home
    results = run_all(options)
    if options.json:
        write_whole(options.json, json.dumps({"notebooks": results}, indent=2) + "\n")
    return 1 if any(result["failure"] for result in results) else 0


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())
    sys.exit(main())
