"""The training page: every epoch in its table, percentages, the line of the legend."""

import nn


def test_every_epoch_has_a_row_and_an_accuracy_is_in_percent() -> None:
    history = nn.History.from_dict({"loss": [0.5] * 450, "accuracy": [0.925] * 450})
    page = history.html()
    assert page.count('<tr id="row-') == 450
    assert "<td>92.5 %</td>" in page
    assert '"start":0' in page
