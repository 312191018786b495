"""Pictures of what the engine recorded: the graph object, its renderings, and plots of training.

graph(loss)          an object to walk: nodes, edges, shapes, values, gradients, formulas
draw(loss)           a graphviz picture             graph(loss).to_html()   an interactive page
show_backward(loss)  the backward pass, step by step
recording()          keep values and source lines of a step, so that its picture is complete
summary(model, size) layers, shapes, parameters, multiply-adds
"""

from __future__ import annotations

from .dot import draw
from .graphs import Edge, Graph, Vertex, graph
from .recording import recording

__all__ = ["Edge", "Graph", "Vertex", "draw", "graph", "recording"]
