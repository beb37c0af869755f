"""Every check of the suite, in the order in which they run."""

from collections.abc import Callable, Sequence

from edge.conformance import answers, lifecycle
from edge.conformance.subject import Subject

CHECKS: Sequence[Callable[[Subject], str]] = (
    lifecycle.it_lists_its_devices,
    lifecycle.it_refuses_a_device_that_is_not_there,
    lifecycle.it_refuses_a_file_that_is_no_model,
    lifecycle.it_refuses_a_file_that_is_not_there,
    lifecycle.it_states_fixed_shapes_and_types,
    answers.it_answers_with_the_tensors_it_stated,
    answers.it_answers_the_same_to_the_same_input,
    answers.it_answers_differently_to_another_input,
    answers.it_leaves_its_answer_to_the_caller,
    answers.it_leaves_the_feeds_as_they_were,
    answers.it_fails_a_wrong_input_and_goes_on,
    answers.it_gives_each_of_several_threads_its_own_answer,
    answers.it_gives_each_ticket_its_own_answer,
    answers.it_agrees_with_onnx_runtime,
    lifecycle.it_tells_where_it_runs,
    lifecycle.it_tells_plausible_telemetry_or_none,
    lifecycle.it_closes_twice_and_runs_nothing_afterwards,
    lifecycle.it_gives_the_device_back,
)
"""Each returns what it saw, or raises CheckFailed or NotApplicable; its name is the sentence that people read."""
