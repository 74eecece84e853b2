"""An executed notebook as one HTML page that loads nothing: figures are inside as SVG."""

import copy
import html

import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2rem; } .anchor-link { display: none; }
pre { font: 13px/1.45 ui-monospace, monospace; overflow-x: auto; margin: .6rem 0; }
.input_area, .highlight { background: #f6f6f4; padding: .1rem .7rem; border-radius: 4px; }
.prompt { display: none; }
.output_area, .jp-OutputArea-output { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; } th, td { padding: .15rem .7rem .15rem 0; }
thead th { border-bottom: 1px solid #1a1a1a; } svg { max-width: 100%; height: auto; }
"""


def page(notebook: nbformat.NotebookNode, title: str) -> str:
    """The page's text. Where an output has a figure in several forms, the drawing (SVG) is shown."""
    notebook = copy.deepcopy(notebook)
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if "image/svg+xml" in output.get("data", {}):
            described = output.data.get("text/plain", "figure").removeprefix("[figure] ")
            drawing = f'<div role="img" aria-label="{html.escape(described)}">{output.data["image/svg+xml"]}</div>'
            output.data = nbformat.from_dict({"text/html": drawing})
    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(notebook)
    colours = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}{colours}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
