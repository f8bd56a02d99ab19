"""This library as a tool of GradBench, a benchmark of tools for automatic differentiation.

`python -m tests.benchmarks.gradbench` speaks its protocol: messages of JSON, one a line, on
standard input, and as many answers on standard output.
"""
