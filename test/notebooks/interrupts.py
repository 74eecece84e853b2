"""Interrupts the long cell of five notebooks, as Jupyter's stop button does, and then runs it again.

    npm run test:interrupts:jupyter [-- 03-search 05-ablations]

Each must answer within five seconds, the next cell must run, and the cell must then end without an error. Prints a table;
exits with 1 when a notebook does not keep to this. Writes to a temporary folder of its own; needs the
demo corpus in results/ (npm run reproduce).
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
from queue import Empty

from jupyter_client.manager import KernelManager

ROOT = pathlib.Path(__file__).resolve().parents[2]
# By notebook: what its long cell contains (the first figure of 01 needs the extraction), and how many seconds after its start it is interrupted.
LONG_CELLS = {
    "01-extraction": ("lab.figure('pipeline')", 3),
    "03-search": ("lab.search()", 12),
    "05-ablations": ("lab.ablate()", 6),
    "09-tmnn": ("tmnnStudyStage(", 12),
    "10-learnable-strf": ("strfTaskStage({ task: 'speaker'", 6),
}
ALLOWED_SECONDS = 5
LIMIT_SECONDS = 900


class Kernel:
    """A tslab kernel below the notebooks' folder."""

    def __init__(self, results: str):
        os.environ.update(STM_LAB_RESULTS=results, STM_LAB_TRACKING="disabled", TF_CPP_MIN_LOG_LEVEL="2")
        self.manager = KernelManager(kernel_name="tslab")
        self.manager.start_kernel(cwd=str(ROOT / "notebooks"))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(self, source: str, interrupt_after: float | None = None) -> tuple[float, str]:
        """Seconds from the interrupt (else from the start) to the end of the cell, and its error ("" when there is none)."""
        message = self.client.execute(source)
        start = time.monotonic()
        interrupted = None
        errors = []
        status = idle = None
        while time.monotonic() - start < LIMIT_SECONDS:
            if interrupt_after is not None and interrupted is None and time.monotonic() - start > interrupt_after:
                self.manager.interrupt_kernel()
                interrupted = time.monotonic()
            for reply in self.replies(message):
                content = reply["content"]
                if reply["msg_type"] == "stream" and content["name"] == "stderr":
                    errors.append(content["text"])
                if reply["msg_type"] == "execute_reply":
                    status = content["status"]
                if reply["msg_type"] == "status" and content["execution_state"] == "idle":
                    idle = time.monotonic()
            # Two channels: either may be first.
            if idle is not None and status is not None:
                return idle - (interrupted or start), "".join(errors).strip() or ("" if status == "ok" else status)
        return LIMIT_SECONDS, f"not done after {LIMIT_SECONDS} s"

    def replies(self, message: str):
        """What has arrived in answer to one message: the shell's reply first, then what it published."""
        for get, wait in ((self.client.get_shell_msg, 0.02), (self.client.get_iopub_msg, 0.1)):
            try:
                reply = get(timeout=wait)
            except Empty:
                continue
            if reply["parent_header"].get("msg_id") == message:
                yield reply

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def check(name: str, results: str) -> bool:
    """Interrupts one notebook; prints its line of the table."""
    long, after = LONG_CELLS[name]
    cells = [
        "".join(cell["source"])
        for cell in json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    number = next(index for index, source in enumerate(cells) if long in source)
    kernel = Kernel(results)
    try:
        for source in cells[:number]:
            _, error = kernel.run(source)
            if error:
                raise SystemExit(f"{name}: a cell before the long one failed: {error}")
        stopped, said = kernel.run(cells[number], after)
        # For 200 ms after a failed cell tslab drops whatever was queued behind it.
        time.sleep(0.5)
        _, next_error = kernel.run("1 + 1")
        again, error = kernel.run(cells[number])
    finally:
        kernel.close()
    finished = said == ""
    good = stopped <= ALLOWED_SECONDS and not finished and next_error == "" and error == ""
    first_line = "it had ended before" if finished else said.splitlines()[0]
    print(f"{name:<18} {stopped:8.2f} s {again:8.1f} s  {'ok' if good else 'FAILED'}  {first_line}", flush=True)
    if next_error or error:
        print(f"    next cell: {next_error or 'ok'}; again: {error or 'ok'}")
    return good


def main() -> int:
    names = sys.argv[1:] or list(LONG_CELLS)
    if unknown := [name for name in names if name not in LONG_CELLS]:
        raise SystemExit(f"no such notebook: {', '.join(unknown)}; there are {', '.join(LONG_CELLS)}")
    recordings = ROOT / "results" / "demo" / "recordings"
    if not recordings.exists():
        raise SystemExit(f"{recordings} is missing; run: npm run reproduce")
    with tempfile.TemporaryDirectory(prefix="stm-lab-interrupts-") as results:
        shutil.copytree(recordings, pathlib.Path(results) / "demo" / "recordings")
        print(f"{'notebook':<18} {'returned':>10} {'run again':>10}")
        return 0 if all([check(name, results) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
