"""Passes mutated notebooks through the notebook runner without executing their cells.

Writes what the runner says of each, as JSON: python notebooks.py LIST_OF_FILES OUTPUT_FOLDER
"""

import contextlib
import io
import json
import pathlib
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "setup"))
import notebooks  # noqa: E402

notebooks.execute = lambda *_: None


class Options(types.SimpleNamespace):
    """Whatever else the runner asks for was not given."""

    def __getattr__(self, _):
        return None


options = Options(out=sys.argv[2], kernel="none", timeout=1, allow=[])
answers = []
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    for name in pathlib.Path(sys.argv[1]).read_text(encoding="utf8").splitlines():
        answers.append(notebooks.run(pathlib.Path(name), options))
print(json.dumps(answers))
