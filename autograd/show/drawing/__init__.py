"""Pictures of a recorded graph: text, DOT, SVG and LaTeX.

`autograd.show.graph.Graph` is the way in; everything here reads the nodes of one.
"""
