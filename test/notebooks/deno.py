"""Runs the same cells in Deno's kernel and in tslab, and compares what they give.

    npm run test:deno

Installs the npm package `deno` into a temporary folder (a download of about 50 MB). Both kernels extract the features of one
recording with `stm-lab`; the printed sum must have the same digits, and the table and the figure must arrive. Exit 1 otherwise.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import nbformat
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
DENO = "2.9.6"
CELLS = [
    "import { audio, features, figures, frames } from 'stm-lab';",
    f"""const {{ samples, sampleRate }} = await audio.readAudio({json.dumps(str(ROOT / "test/golden/audio/chirp.flac"))});
const stm = await features.extractStm(samples, sampleRate);
console.log(stm.features.reduce((sum, value) => sum + value, 0));""",
    "figures.showTable(frames.toDataFrame([{ features: stm.features.length }]));",
    "await figures.show(figures.plotFigure([{ x: 1, y: 2 }, { x: 2, y: 3 }], { x: 'x', y: 'y' }));",
]
EXPECTED_TYPES = ["text/html", "image/svg+xml"]


def outputs(kernel: str) -> tuple[str, list[str]]:
    """What the cells print in a kernel, and which of the expected types they display."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    resources = {"metadata": {"path": str(ROOT / "notebooks")}}
    NotebookClient(notebook, timeout=300, kernel_name=kernel, resources=resources).execute()
    found = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "".join(output.text for output in found if output.output_type == "stream").strip()
    types = {name for output in found for name in output.get("data", {})}
    return printed, [name for name in EXPECTED_TYPES if name in types]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="stm-lab-deno-") as folder:
        subprocess.run(["npm", "install", "--silent", "--prefix", folder, f"deno@{DENO}"], check=True)
        program = pathlib.Path(folder) / "node_modules" / ".bin" / "deno"
        spec = pathlib.Path(folder) / "kernels" / "deno" / "kernel.json"
        spec.parent.mkdir(parents=True)
        argv = [str(program), "jupyter", "--kernel", "--conn", "{connection_file}"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "Deno", "language": "typescript"}))
        os.environ["JUPYTER_PATH"] = folder
        results = {kernel: outputs(kernel) for kernel in ("tslab", "deno")}
    for kernel, (printed, types) in results.items():
        print(f"{kernel}: sum of features {printed}; displayed {', '.join(types) or 'nothing'}")
    good = results["tslab"][0] != "" and results["tslab"] == results["deno"] and results["deno"][1] == EXPECTED_TYPES
    print("the same" if good else "DIFFERENT")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
