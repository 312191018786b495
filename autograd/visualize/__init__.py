"""Pictures of what the engine recorded: the graph object, its renderings, and plots of training.

graph(loss)          an object to walk: nodes, edges, shapes, values, gradients, formulas
draw(loss)           a graphviz picture             graph(loss).to_html()   an interactive page
show_backward(loss)  the backward pass, step by step
recording()          keep values and source lines of a step, so that its picture is complete
summary(model, size) layers, shapes, parameters, multiply-adds
plot_history, plot_weights, plot_gradients, plot_activations, plot_filters, plot_attention, plot_decision_boundary
"""

from __future__ import annotations

from .dot import draw
from .graphs import Edge, Graph, Vertex, graph
from .plots import *
from .plots import __all__ as _plots
from .recording import recording
from .stepper import Backward, show_backward
from .summaries import Summary, summary

__all__ = ["Backward", "Edge", "Graph", "Summary", "Vertex", "draw", "graph", "recording", "show_backward", "summary"]
__all__ += _plots
