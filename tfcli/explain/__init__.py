"""Measures over a `Trace`: what happened inside the model on one prompt, as plain frozen data.

`tfcli.explain.explanation.explain` runs a model and measures it; `tfcli.explain.result` holds
what comes out. Nothing here draws: the terminal view and the JSON writer read the same object.
Importing the package loads no torch; the modules that measure do.
"""
