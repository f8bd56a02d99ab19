"""The areas of the table, and the public names that have no rows, with the reason."""

from tests.bad_input import (
    arrays,
    checking,
    drawing,
    functional,
    losses,
    memory,
    modules,
    optim,
    programs,
    solving,
    training,
    transforms,
    value,
)
from tests.helpers.tables import table

WITHOUT: dict[str, str] = dict(
    table(
        """
"autograd.testing.GradientError" | "raised by check_gradients"
"autograd.testing.Report" | "made by gradcheck"
"nn.Flatten.forward" | "it takes anything"
"nn.Identity.forward" | "it takes anything"
"nn.Module.zero_grad" | "its argument is PyTorch's, and changes nothing"
"nn.Optimizer.zero_grad" | "its argument is PyTorch's, and changes nothing"
"nn.SequentialLR.rate" | "it asks its schedulers"
"nn.EpochEnd" | "made by fit"
"nn.StopTraining" | "takes anything, as exceptions do"
"autograd.testing.Explanation" | "made by explain"
"nn.init.Initialiser" | "the type of what initialisers are, which nobody calls"
""",
        globals(),
    )
) | {
    **{
        f"autograd.testing.check_{name}": "it gives all to check_vjp or check_jacobian"
        for name in ("jax", "torch")
    }
}


AREAS = [
    list(area())
    for area in (
        value.rows,
        functional.rows,
        transforms.rows,
        solving.rows,
        arrays.rows,
        modules.rows,
        losses.rows,
        optim.rows,
        training.rows,
        memory.rows,
        drawing.rows,
        checking.rows,
        programs.rows,
    )
]
