"""Laws of back-propagation, for the names of lines: what a layer does to the gradient that comes from above.

What they do is found by differentiating one layer with what is above it held, by the laws of `differentiation`.
"""

from __future__ import annotations

from derivgen.derivation import Rule, law

GOODFELLOW = "Goodfellow, Bengio & Courville, Deep Learning (2016), sec. 6.5"

derivative_of_loss = law(
    "derivative of the loss", r"\frac{\partial L}{\partial \hat{y}} = \nabla_{\hat{y}} L", GOODFELLOW
)
definition_of_delta = law("definition", r"\delta_l = \frac{\partial L}{\partial z_l}", GOODFELLOW)
definition_of_layer = law("definition", r"z = W x + b", "definition")
chain_rule_through = law(
    "chain rule",
    r"\frac{\partial L}{\partial x} = \sum_i \frac{\partial L}{\partial z_i} \frac{\partial z_i}{\partial x}",
    GOODFELLOW,
)
chain_rule_entrywise = law(
    "chain rule, entry by entry",
    r"a = f(z) \Rightarrow \frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \odot f'(z)",
    GOODFELLOW,
)
sum_over_paths = law(
    "sum over paths",
    r"\frac{\partial L}{\partial x} = \sum_p \sum_i \frac{\partial L}{\partial z^{(p)}_i}"
    r" \frac{\partial z^{(p)}_i}{\partial x}",
    GOODFELLOW,
)
put_gradient_in = law("put in", r"\frac{\partial L}{\partial a} = W^{\mathsf T} \delta", "the line above")

BACKPROPAGATION: tuple[Rule, ...] = (
    derivative_of_loss,
    definition_of_delta,
    definition_of_layer,
    chain_rule_through,
    chain_rule_entrywise,
    sum_over_paths,
    put_gradient_in,
)
"""The names of lines of back-propagation."""
