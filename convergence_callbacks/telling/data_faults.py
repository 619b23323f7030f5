"""Words for what is wrong with data or gradients: a template for the reason and one for the advice of each fault."""

from __future__ import annotations

from collections.abc import Mapping

from convergence_callbacks.core.fault import Fault
from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.templates import Value, rendered
from convergence_callbacks.telling.text import words

REASONS: Mapping[str, str] = {
    "non_finite_inputs": (
        "inputs of {broken:count} of {looked_at:count} examples are NaN or infinite[, all in feature {place}]; "
        "the first is example {first:count}"
    ),
    "non_finite_targets": (
        "targets of {broken:count} of {looked_at:count} examples are NaN or infinite[, all in feature {place}]; "
        "the first is example {first:count}"
    ),
    "constant_inputs": "all {looked_at:count} inputs looked at are the same",
    "duplicated_inputs": (
        "of {looked_at:count} inputs only {different:count} differ; of their features' values {expected:count} "
        "could be made"
    ),
    "unscaled_inputs": (
        "{large:count} of {features:count} input features are not scaled: feature {feature:count} is about {size:about}"
    ),
    "single_class": "all {looked_at:count} targets looked at are {place}",
    "unscaled_targets": "targets are about {number:about}, and the outputs of a fresh network about 1",
    "broadcast_targets": (
        "outputs of shape {place} and targets of shape {place_2} are compared as {place_3}: every output with every "
        "target"
    ),
    "independent_labels": (
        "labels look independent of their inputs: like inputs have no more alike labels than shuffled ones "
        "(p = {number:about})"
    ),
    "non_finite_gradients": "gradients are NaN or infinite in {layers:count} of {of:count} layers: {places}",
    "nothing_trained": "no gradient reaches any weight: {places}",
    "nothing_trained.frozen": "all weights are frozen: {places}",
    "dead_layers": "no gradient reaches {layers:count} of {of:count} layers: {places}",
    "frozen_layers": "{number:percent} of the weights are frozen: {places}",
}
"""The reason of each fault; a name with a dot holds for a fault that has the number after the dot."""

ADVICE: Mapping[str, str] = {
    "non_finite_inputs": (
        "drop these examples or fill their inputs, and look for a division by zero or a missing value"
    ),
    "non_finite_targets": (
        "drop these examples or fill their targets, and look for a division by zero or a missing value"
    ),
    "constant_inputs": "look at what the data loader makes of two different examples: index, masking, normalisation",
    "duplicated_inputs": "look at how the data loader chooses examples: its index, its sampler, a cache",
    "unscaled_inputs": (
        "scale each feature to mean 0 and standard deviation 1 by the training set, or begin with a normalising layer"
    ),
    "single_class": "look at how labels are read, and shuffle the training set if it is sorted by them",
    "unscaled_targets": "scale the targets to mean 0 and standard deviation 1, and the model's outputs back",
    "broadcast_targets": "give outputs and targets the same shape",
    "broadcast_targets.same_size": "give both the same shape, such as targets.reshape{place}",
    "independent_labels": (
        "look whether inputs and labels are paired: the same order, the same shuffle, the same index"
    ),
    "non_finite_gradients": "look for a logarithm or a root of zero, clip the gradients, and lower the learning rate",
    "nothing_trained": "look for a detach, a no_grad or an optimiser without weights",
    "nothing_trained.frozen": "unfreeze what is to be trained",
    "dead_layers": (
        "look for weights that are all zero, activations that are all cut off, a detach, or a layer that is not used"
    ),
    "frozen_layers": "unfreeze more of the model if it does not learn",
}
"""What to do about each fault, by the same names."""


def words_of(fault: Fault) -> tuple[str, str]:
    """The reason and the advice of a fault; of an unknown fault its name, and no advice.

    >>> words_of(Fault("constant_inputs", 1234, numbers={"looked_at": 1234}))[0]
    'all 1,234 inputs looked at are the same'
    """
    values = _numbers(fault)
    return rendered(_of(REASONS, fault) or words(fault.name), values), rendered(_of(ADVICE, fault), values)


def _of(templates: Mapping[str, str], fault: Fault) -> str:
    """The template of a fault: that with one of its numbers after a dot, if there is one."""
    special = (templates.get(f"{fault.name}.{name}") for name, value in fault.numbers.items() if value)
    return next(filter(None, special), templates.get(fault.name, ""))


def _numbers(fault: Fault) -> dict[str, Value]:
    """The numbers and places of a fault by name; a place's number from the second one on."""
    places = {f"place_{number}" if number > 1 else "place": place for number, place in enumerate(fault.places, 1)}
    return {**fault.numbers, "number": fault.number, **places, "places": _listed(fault)}


def _listed(fault: Fault) -> str:
    """The places of a fault; how many more there are, if only the first are listed."""
    more = int(fault.numbers.get("layers", 0)) - len(fault.places)
    listed = ", ".join(fault.places)
    return f"{listed} and {numbers.count(more)} more" if more > 0 and listed else listed
