"""The tests that each module has to pass, those first that find most.

Left out is what takes long and finds nothing that the others don't.
"""

BAD_INPUT = "tests/bad_input/test_bad_input.py::test_a_mistake_is_told_and_changes_nothing"
OPTIMIZERS = (
    "Optimizer Optimizer.lr Optimizer.step Optimizer.load_state_dict SGD Adam AdamW RMSprop"
)
LOSSES = (
    "mse_loss half_mse_loss l1_loss huber_loss hinge_loss binary_cross_entropy "
    "binary_cross_entropy_with_logits cross_entropy nll_loss accuracy l1_penalty l2_penalty"
)


def mistakes(names: str) -> list[str]:
    """The tests of mistaken calls of these names of nn."""
    return [f"{BAD_INPUT}[nn.{name}]" for name in names.split()]


SUITES = {
    "nn/losses.py": ["tests/nn/test_losses.py", "nn/losses.py", *mistakes(LOSSES)],
    "nn/optim.py": ["tests/nn/test_optim.py", "nn/optim.py", *mistakes(OPTIMIZERS)],
    "autograd/transforms.py": [
        "tests/test_transforms.py",
        "autograd/transforms.py",
        "tests/properties/test_transform_laws.py",
    ],
    "autograd/core/value.py": [
        "tests/core/test_value.py",
        "tests/core/test_backward.py",
        "autograd/core/value.py",
        "tests/core/test_errors.py",
        "tests/core/test_no_grad.py",
        "tests/properties/test_forward.py::test_special_numbers",
        "tests/core/test_functions.py",
        "tests/core/test_copies.py",
        f"{BAD_INPUT}[autograd.Value.__setstate__]",
        "tests/bad_input/test_bad_input.py::test_a_method_of_something_else",
        "--deselect=tests/core/test_copies.py::test_a_graph_deeper_than_the_recursion_limit[p",
        "--deselect=tests/core/test_copies.py::test_a_graph_deeper_than_the_recursion_limit[d",
        "--deselect=tests/core/test_backward.py::test_a_chain_of_a_million_nodes",
        "--deselect=tests/core/test_backward.py::test_time_is_linear_in_the_number_of_nodes",
    ],
    "autograd/core/table.py": [
        "tests/core/test_table.py",
        "tests/core/test_derivatives.py",
        "tests/core/test_kinks.py",
        "autograd/core/table.py",
        "tests/core/test_functions.py",
        "tests/core/test_value.py",
        "tests/nn/test_activations.py",
        "tests/show/test_formulas.py::test_rules_as_the_table_writes_them",
    ],
}
