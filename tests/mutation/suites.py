"""The tests that each module has to pass, those first that find most.

Left out is what takes long and finds nothing that the others don't.
"""

BAD_INPUT = "tests/bad_input/test_bad_input.py::test_a_mistake_is_told_and_changes_nothing"
OPTIMIZERS = (
    "Optimizer Optimizer.add_param_group Optimizer.step Optimizer.state "
    "Optimizer.load_state_dict "
    "SGD Adam AdamW RMSprop"
)
LOSSES = (
    "mse_loss half_mse_loss l1_loss huber_loss hinge_loss binary_cross_entropy "
    "binary_cross_entropy_with_logits cross_entropy nll_loss accuracy l1_penalty l2_penalty"
)


def mistakes(package: str, names: str) -> list[str]:
    """The tests of mistaken calls of these names of a package."""
    return [f"{BAD_INPUT}[{package}.{name}]" for name in names.split()]


NODES = [
    "tests/core/test_value.py",
    "tests/core/test_backward.py",
    "autograd/core/value.py",
    "tests/core/test_kinks.py",
    "tests/core/test_operators.py",
    "tests/core/test_no_grad.py",
    "tests/properties/test_forward.py::test_special_numbers",
    "tests/properties/test_forward.py::test_comparisons_and_truth",
    "tests/properties/test_forward.py::test_whole_parts",
    "tests/properties/test_laws.py::test_each_node_once_and_after_its_inputs",
    "tests/properties/test_laws.py::test_one_root_twice",
    "tests/properties/test_laws.py::test_leaves_accumulate",
    "tests/properties/test_laws.py::test_backward_is_the_chain_rule_of_the_textbook",
    "tests/core/test_deep.py::test_with_a_small_stack",
    "tests/core/test_functions.py",
    "tests/core/test_copies.py",
    f"{BAD_INPUT}[autograd.Value]",
    f"{BAD_INPUT}[autograd.Value.__setstate__]",
    f"{BAD_INPUT}[autograd.Value.exp]",
    f"{BAD_INPUT}[autograd.Value.backward]",
    f"{BAD_INPUT}[autograd.Primitive.__call__]",
    f"{BAD_INPUT}[autograd.primitive]",
    "tests/bad_input/test_bad_input.py::test_a_method_of_something_else",
    "tests/core/test_threads.py::test_another_pass_comes_at_any_line",
    "tests/core/test_threads.py::test_an_interrupt_at_any_line_leaves_leaves_as_they_were",
    "--deselect=tests/core/test_copies.py::test_a_graph_deeper_than_the_recursion_limit[p",
    "--deselect=tests/core/test_copies.py::test_a_graph_deeper_than_the_recursion_limit[d",
]
SUITES = {
    "nn/losses.py": [
        "tests/nn/test_losses.py",
        "nn/losses.py",
        "tests/show/test_formulas.py::test_a_taught_rule_is_that_of_the_table",
        *mistakes("nn", LOSSES),
    ],
    "nn/optim.py": [
        "tests/nn/test_optim.py",
        "nn/optim.py",
        *mistakes("nn", OPTIMIZERS),
        f"{BAD_INPUT}[nn]",
    ],
    "autograd/transforms.py": [
        "tests/test_transforms.py",
        "tests/test_structures.py",
        "tests/test_arrays.py::test_a_foreign_function_that_is_differentiated_itself",
        "autograd/transforms.py",
        "tests/properties/test_transform_laws.py",
        *mistakes("autograd", "grad gradient hessian jvp hvp"),
        "tests/test_sparse.py::test_entries_are_those_of_the_dense_ones",
        "tests/program/test_nested.py::test_values_of_the_function_around_are_recorded_on",
        "tests/program/test_derivatives.py::test_infinite_derivatives_of_samples_add_up_as_floats_do",
    ],
    "autograd/core/value.py": NODES,
    "autograd/core/chain.py": NODES,
    "autograd/core/traversal.py": NODES,
    "autograd/core/table.py": [
        "tests/core/test_table.py",
        *mistakes("autograd", "primitive take"),
        "tests/core/test_derivatives.py",
        "tests/core/test_kinks.py",
        "autograd/core/table.py",
        "tests/core/test_functions.py",
        "tests/core/test_value.py",
        "tests/nn/test_activations.py",
        "tests/show/test_formulas.py::test_rules_as_the_table_writes_them",
        "tests/show/test_formulas.py::test_a_taught_rule_is_that_of_the_table",
    ],
}
