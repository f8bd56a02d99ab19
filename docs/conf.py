"""The settings of Sphinx."""

import logging
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
# cells import demos, which is not installed
os.environ["PYTHONPATH"] = os.pathsep.join([sys.path[0], os.environ.get("PYTHONPATH", "")])
os.environ["AUTOGRAD_PURE"] = "1"  # compiled methods do not tell autodoc their types
import autograd

del os.environ["AUTOGRAD_PURE"]  # cells run on the build that is installed

project = "scalar-autograd"
author = "the scalar-autograd authors"
version = release = autograd.__version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "docs.site",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "scalar-autograd"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_css_files = ["site.css"]
html_js_files = ["site.js", "ask.js", "live.js", "attention.js"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
myst_enable_extensions = [
    *("attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath", "substitution"),
]
benchmarks = (Path(__file__).parent / "reference/benchmarks.md").read_text("utf-8")
myst_substitutions = dict(re.findall(r"(?m)^\| `(\w+)` \| (.+?) \|", benchmarks))
myst_heading_anchors = 3
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
copybutton_exclude = ".linenos, .gp, .go"
nitpick_ignore_regex = [  # of other projects, and what has no page of its own
    ("py:.*", r"(collections|dataclasses|os|pathlib|numpy|hypothesis|optuna|autograd|nn)\..*"),
    ("py:.*", "P|Step|Loss|Penalty|Axes|Digraph|array"),
]
html_show_copyright = False
html_show_sphinx = False
logging.getLogger("traitlets").setLevel(logging.WARNING)
kernels = Path(__file__).parent / "_build/ipython/profile_default/ipython_kernel_config.py"
kernels.parent.mkdir(parents=True, exist_ok=True)
kernels.write_text(
    "c.IPKernelApp.log_level = 40\n"  # each warns of its transport
    "c.InteractiveShell.xmode = 'Minimal'\n"  # of an error its message, without a traceback
)
os.environ["IPYTHONDIR"] = str(kernels.parents[1])
