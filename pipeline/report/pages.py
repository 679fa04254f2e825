"""Pages that need nothing but themselves: template, style and script inside, and a policy that allows no other."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

# What tells stances apart beside colour: the label drawn to the left, to the right, others, no stance.
_LEFT, _RIGHT, _OTHERS, _NONE = "◀", "▶", "●■◆★", "·"


def _asset(name: str) -> str:
    return (files("pipeline.report") / "templates" / name).read_text("utf-8")


# The parts of a page's script, in the order in which they need one another.
_PARTS = "page data view countries timeline debate statement files main".split()


def _script(folder: str) -> str:
    parts = "\n".join(_asset(f"{folder}/{part}.js") for part in _PARTS)
    return f'"use strict";\n(async () => {{\n{parts}}})();\n'


def marks(labels: Sequence[str], left: str, right: str, no_stance: str) -> dict[str, str]:
    """A mark a label, so that none is told by colour alone."""
    fixed = {left: _LEFT, right: _RIGHT, no_stance: _NONE}
    others = iter(_OTHERS * len(labels))
    return {label: fixed.get(label) or next(others) for label in labels}


def render(template: str, script: str | None, **values: Any) -> str:
    """Fill a template.

    Args:
        template: its name.
        script: folder of its script's parts, or None; the page's content security policy allows that script alone.
        values: what the template names; text is escaped.
    """
    environment = Environment(loader=PackageLoader("pipeline.report"), autoescape=True, undefined=StrictUndefined)
    environment.filters["percent"] = lambda share: f"{100 * share:.1f} %"
    code = _script(script) if script else ""
    allowed = "'sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() + "'" if code else "'none'"
    return environment.get_template(template).render(
        style=Markup(_asset("page.css")),  # noqa: S704
        script=Markup(code),  # noqa: S704
        allowed=Markup(allowed),  # noqa: S704
        **values,
    )
