"""Unpacks what the native add-on needs from a TensorFlow wheel: C headers and two libraries (0.8 of 1.0 GB).

usage: unpack_wheel.py WHEEL FOLDER   (makes FOLDER/include and FOLDER/lib)
"""

import pathlib
import shutil
import sys
import zipfile

HEADERS = tuple(
    f"tensorflow/include/{folder}/" for folder in ("tensorflow/c", "tensorflow/core/platform", "tsl/platform", "xla/tsl/c")
)
LIBRARIES = ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2")


def destination(name: str) -> str | None:
    if name.endswith(".h") and name.startswith(HEADERS):
        return name.removeprefix("tensorflow/")
    if name in LIBRARIES:
        return name.replace("tensorflow/", "lib/")
    return None


def main(wheel: str, folder: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        missing = [name for name in LIBRARIES if name not in names]
        if missing:
            sys.exit(f"error: {wheel} does not hold {', '.join(missing)}")
        for name in names:
            target = destination(name)
            if target is None:
                continue
            path = pathlib.Path(folder, target)
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)


if __name__ == "__main__":
    main(*sys.argv[1:])
