"""Who is speaking? Nine men say two vowels; a small net tells them apart by one utterance.

Japanese Vowels (M. Kudo, J. Toyama and M. Shimbo 1999, "Multidimensional curve classification
using passing-through regions"): 640 recordings of /ae/, as 7 to 29 frames of 12 cepstral
coefficients each. Its published split is used: 270 to learn from, 370 to test with, once.
"""

from __future__ import annotations

import importlib.util
import math
import random
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev

from matplotlib.ticker import MaxNLocator

import nn
from autograd import logsumexp, no_grad
from demos.common import (
    confusion,
    draw_confusion,
    figure,
    on_terminal,
    save_drawn,
    save_figure,
)

SPEAKERS = 9
EPOCHS, QUICK_EPOCHS = 20, 2
SHEET = 12  # utterances on a sheet, at most
Frames = list[list[float]]


@dataclass(frozen=True)
class Speech:
    """Utterances, each a list of frames of 12 numbers, and who spoke, from 0 to 8."""

    utterances: list[Frames]
    speakers: list[int]

    def frames(self) -> tuple[Frames, list[int]]:
        """All frames, each with its place in the utterance, and the speaker of each."""
        pairs = list(zip(self.utterances, self.speakers))
        placed = [frame for frames, _ in pairs for frame in with_places(frames)]
        return placed, [speaker for frames, speaker in pairs for _ in frames]


def load(part: str) -> Speech:
    """The recordings of one part, "TRAIN" or "TEST", as the package sktime ships them.

    Raises:
        ModuleNotFoundError: sktime is not installed.

    >>> speech = load("TRAIN")
    >>> len(speech.utterances), len(speech.utterances[0]), speech.speakers[0]
    (270, 20, 0)
    """
    package = importlib.util.find_spec("sktime")  # found, not imported: that takes seconds
    if package is None or package.origin is None:
        raise ModuleNotFoundError("speech needs sktime's data", name="sktime")
    data = Path(package.origin).parent / "datasets" / "data" / "JapaneseVowels"
    utterances: list[Frames] = []
    speakers: list[int] = []
    for line in (data / f"JapaneseVowels_{part}.ts").read_text("utf-8").splitlines():
        if line and line[0] not in "#@":
            *coefficients, speaker = line.split(":")
            numbers = [map(float, each.split(",")) for each in coefficients]
            utterances.append([list(frame) for frame in zip(*numbers)])
            speakers.append(int(speaker) - 1)
    return Speech(utterances, speakers)


def with_places(frames: Frames) -> Frames:
    """Each frame with its place in the utterance, from -1 to 1.

    >>> with_places([[5.0], [6.0], [7.0]])
    [[5.0, -1.0], [6.0, 0.0], [7.0, 1.0]]
    """
    middle = (len(frames) - 1) / 2
    return [[*frame, (i - middle) / middle] for i, frame in enumerate(frames)]


def scaled(speech: Speech, by: Speech) -> Speech:
    """Coefficients of mean 0 and deviation 1 over the frames of `by`."""
    columns = [*zip(*[frame for frames in by.utterances for frame in frames])]
    scales = [(fmean(column), pstdev(column)) for column in columns]

    def scale(frame: list[float]) -> list[float]:
        return [(x - mean) / deviation for x, (mean, deviation) in zip(frame, scales)]

    utterances = [[scale(frame) for frame in frames] for frames in speech.utterances]
    return Speech(utterances, speech.speakers)


def new_model() -> nn.MLP:
    """A net that hears one frame and has nine logits, one a speaker."""
    return nn.MLP(13, [24, SPEAKERS], activation="tanh")


def train(model: nn.MLP, speech: Speech, epochs: int) -> nn.History:
    """Adam in batches of 32 frames, with a learning rate that falls along a cosine to 0."""
    frames, speakers = speech.frames()
    optimizer = nn.Adam(model.parameters(), lr=0.01)
    return nn.fit(
        model,
        frames,
        speakers,
        loss=nn.cross_entropy,
        optimizer=optimizer,
        scheduler=nn.CosineAnnealingLR(optimizer, T_max=epochs),
        epochs=epochs,
        batch_size=32,
        metrics={"accuracy": nn.accuracy},
        progress=on_terminal(),
    )


def heard(model: nn.MLP, speech: Speech) -> list[list[float]]:
    """For each utterance the probability of each speaker, by the mean of its frames' logits.

    Frames of one utterance are alike: a sum would count what they say many times over.
    """
    beliefs = []
    for frames in speech.utterances:
        with no_grad():
            logits = [[y.data for y in model(frame)] for frame in with_places(frames)]
        means = [fmean(column) for column in zip(*logits)]
        total = logsumexp(means)
        beliefs.append([math.exp(x - total) for x in means])
    return beliefs


def run(out: Path, quick: bool, seed: int) -> None:
    """Train, test on the published test set, save the model and check the saved one."""
    random.seed(seed)
    recorded = load("TRAIN")
    data, test = scaled(recorded, recorded), scaled(load("TEST"), recorded)
    epochs = QUICK_EPOCHS if quick else EPOCHS
    frames, _ = data.frames()
    print(f"A net 13-24-9 learns to tell {SPEAKERS} speakers apart by {len(frames):,} frames")
    print(f"of {len(data.utterances)} utterances, in {epochs} epochs.")
    model = new_model()
    history = train(model, data, epochs)
    print(f"Correct: {history['accuracy'][-1]:.1%} of the frames it learned from.")

    beliefs = heard(model, test)
    guessed = [p.index(max(p)) for p in beliefs]
    counts = confusion(test.speakers, guessed, SPEAKERS)
    right, total = sum([counts[k][k] for k in range(SPEAKERS)]), len(guessed)
    print(f"accuracy on {total} utterances it never heard: {right / total:.1%} ({right} right)")

    path = out / "speech-model.json"
    nn.save_model(model, path)
    reloaded = new_model()
    nn.load_model(reloaded, path)
    if heard(reloaded, test) != beliefs:
        raise ArithmeticError(f"the model read back from {path} hears something else")
    print(f"model: {path}; a fresh net loaded from it hears the same, bit for bit")

    save_drawn(history, out / "speech-learning.png")
    title = f"{right} of {total} unheard utterances told right"
    names = [str(k + 1) for k in range(SPEAKERS)]
    draw_confusion(counts, names, title, ("heard as", "speaker"), out / "speech-confusion.png")
    _draw_misheard(test, beliefs, guessed, out / "speech-misheard.png")


def _draw_misheard(
    test: Speech, beliefs: list[list[float]], guessed: list[int], path: Path
) -> None:
    """The misheard utterances of which the net was surest, as pictures of their frames."""
    wrong = [i for i, speaker in enumerate(test.speakers) if guessed[i] != speaker]
    if not wrong:
        print("not one speaker was taken for another, so there is no sheet of them")
        return
    wrong = sorted(wrong, key=lambda i: -max(beliefs[i]))
    shown = wrong[:SHEET]
    rows = -(-len(shown) // 4)
    fig, axes = figure(10.0, 0.8 + 2.1 * rows, rows, 4)
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    for ax, i in zip(axes, shown):
        picture = [*zip(*test.utterances[i])]
        sides = (-0.5, len(picture[0]) - 0.5, 0.5, len(picture) + 0.5)
        ax.imshow(picture, "PuOr", aspect="auto", vmin=-3, vmax=3, origin="lower", extent=sides)
        ax.grid(visible=False)
        speaker, guess = test.speakers[i] + 1, guessed[i] + 1
        ax.set_title(f"{speaker} heard as {guess}, {max(beliefs[i]):.0%} sure", size=9)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        ax.set_yticks([1, 6, 12])
        ax.set_xlabel("frame")
    for ax in axes[::4]:
        ax.set_ylabel("coefficient")
    which = f"The {len(wrong)}" if len(wrong) <= SHEET else f"{SHEET} of the {len(wrong)}"
    fig.suptitle(f"{which} misheard of {len(guessed)} unheard utterances", size=11)
    save_figure(fig, path)
