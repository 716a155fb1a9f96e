"""The checks of the method contract notice what is wrong, each its own rule, and the command says so in sentences."""

from __future__ import annotations

import random
import re
from types import SimpleNamespace
from typing import Protocol

import broken_methods
import nonconforming_methods
import numpy as np
import pytest
import torch

from benchmarks import conformance
from benchmarks.running import contract_checks, protocol_checks
from benchmarks.running.contract_checks import AFTER_FIT, BEFORE_FIT, OF_CLASS
from benchmarks.running.contract_report import small_integral
from benchmarks.running.contract_subject import Broken, Subject
from benchmarks.running.protocol_checks import PROTOCOL_CHECKS
from methods import base
from methods.base import InputError
from methods.core.arithmetic import Arithmetic
from methods.deep.corner_networks import CornerNetworks

INTEGRAL = small_integral(1)
CHECKS = {check.__name__: check for _, check in [*OF_CLASS, *BEFORE_FIT, *AFTER_FIT]}


@pytest.fixture(autouse=True)
def global_state_restored():
    """Undo what the broken methods do to everybody."""
    of_python, of_numpy, of_torch = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    yield
    random.setstate(of_python)
    np.random.set_state(of_numpy)  # noqa: NPY002
    torch.set_rng_state(of_torch)
    torch.set_default_dtype(torch.float32)


def subject(cls, budget=None, **fields):
    return Subject(cls, lambda: cls(**fields), INTEGRAL, budget)


def broken(subject, checks=CHECKS):
    """Return the names of the checks that do not hold, with the reasons."""
    found = {}
    for name in checks:
        try:
            CHECKS[name](subject)
        except Broken as reason:
            found[name] = str(reason)
        except Exception as problem:
            found[name] = f"{type(problem).__name__}: {problem}"
    return found


@pytest.mark.parametrize("cls", [broken_methods.Exact, nonconforming_methods.Offers], ids=lambda cls: cls.__name__)
def test_a_method_as_it_should_be_passes(cls):
    assert broken(subject(cls)) == {}


def test_protocols_that_are_fulfilled_are_named():
    whole = contract_checks.offers_what_protocols_say(subject(nonconforming_methods.Offers))
    assert whole.split(", ") == [protocol.__name__ for protocol in PROTOCOL_CHECKS]
    assert contract_checks.offers_what_protocols_say(subject(broken_methods.Exact)) == "none"


def test_every_protocol_has_a_check():
    protocols = {value for value in vars(base).values() if isinstance(value, type) and Protocol in value.__bases__}
    assert protocols == set(PROTOCOL_CHECKS)


BROKEN = {
    "NoMethod": ("inherits_method", "does not inherit"),
    "OnlyFits": ("inherits_method", "does not define integrate"),
    "Positional": ("is_keyword_only_dataclass", "order can be given by position"),
    "Undecorated": ("is_keyword_only_dataclass", "order is annotated but no field"),
    "NeedsOrder": ("has_plain_defaults", "order has no default"),
    "ArrayField": ("has_plain_defaults", "the default of nodes"),
    "BadName": ("has_name_source_and_version", "name is 'my method'"),
    "NoSource": ("has_name_source_and_version", "source is ''"),
    "BadVersion": ("has_name_source_and_version", "version is 1.5"),
    "WorksEarly": ("has_no_state_before_fit", "__init__ sets nodes_"),
    "SeedsEarly": ("has_no_state_before_fit", "the random state of NumPy"),
    "SaysFalse": ("says_what_is_unsupported", "returned False"),
    "ReturnsNothing": ("fit_returns_self", "fit returned a NoneType"),
    "ForgetsIntegral": ("fit_returns_self", "set self.integral_ = integral"),
    "ChangesField": ("fit_changes_no_field", "fit changed factor"),
    "WrongShape": ("returns_estimates", r"shape \(8,\) for 7 points"),
    "ReturnsNaN": ("returns_estimates", "returned nan at 1 of 7 points"),
    "Tensor": ("returns_estimates", "value as Tensor"),
    "Single": ("returns_estimates", "value is of float32"),
    "NegativeError": ("returns_estimates", "negative"),
    "NeedsPoints": ("takes_no_points", "ValueError"),
    "CountsFromOne": ("takes_no_points", "n_eval is 1 for no points"),
    "LooksAround": ("treats_rows_alone", "a row alone differs from the batch by [1-9]"),
    "TrustsPoints": ("refuses_bad_points", "a point outside the box is accepted"),
    "OtherError": ("refuses_bad_points", r"s of shape \(3, 3\) raises ValueError"),
    "InPlace": ("leaves_points_alone", "integrate changed s"),
    "SeedsInFit": ("leaves_global_state_alone", "fit changes the random state of torch"),
    "WantsDouble": ("leaves_global_state_alone", "integrate changes the default dtype of torch"),
    "OddDetails": ("offers_what_protocols_say", "as a ReportsDetails, details_ holds what JSON does not"),
    "TextForSeconds": ("offers_what_protocols_say", "as a ReportsSetup, setup_s_ is 1 s"),
    "Unseeded": ("is_deterministic", "two fits give values that differ"),
    "Forgets": ("survives_saving", "values differ by 3.3e-01"),
    "Unsavable": ("survives_saving", "StorageError: secret_ is not a plain array"),
    "LoadsAnything": ("refuses_files_of_others", "load accepts a file of another integral"),
}


def test_every_check_has_a_method_that_breaks_it():
    assert {check for check, _ in BROKEN.values()} | {"keeps_its_budget"} == set(CHECKS)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_noticed(name):
    cls = getattr(nonconforming_methods, name, None) or getattr(broken_methods, name)
    check, reason = BROKEN[name]
    found = broken(subject(cls), [check])
    assert found.keys() == {check}
    assert re.search(reason, found[check])


ALONE = [
    "NegativeError",
    "ChangesField",
    "LooksAround",
    "InPlace",
    "SeedsInFit",
    "Unseeded",
    "LoadsAnything",
    "TextForSeconds",
]


@pytest.mark.parametrize("name", ALONE)
def test_no_other_rule_is_blamed(name):
    cls = getattr(nonconforming_methods, name, None) or getattr(broken_methods, name)
    assert set(broken(subject(cls))) == {BROKEN[name][0]}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("n_updates_", "as a TrainsInUpdates, n_updates_ is 'many'"),
        ("setup_s_", "as a ReportsSetup, setup_s_ is"),
        ("details_", "as a ReportsDetails, details_ holds what JSON does not"),
        ("diagnose", "as a Diagnosable, what diagnose() returns is a list"),
        ("integrate_with_gradient", "as a GivesLabelGradients, integrate_with_gradient does not return an Estimate"),
        ("gradient", "as a HasGradient, what gradient returns has the shape (3,)"),
        ("export_form", "as an Exportable, export_form returns a list; Arithmetic or CornerNetworks is due"),
        ("replica_values", "as a HasReplicas, what replica_values returns has the shape (3,)"),
        ("partial", "as a SamplesX, partial and place return tensors of shapes [(3,)"),
    ],
)
def test_nonsense_from_a_protocol_is_noticed(fault, reason):
    found = broken(subject(nonconforming_methods.Offers, fault=fault), ["offers_what_protocols_say"])
    assert found["offers_what_protocols_say"].startswith(reason)


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        (lambda: Arithmetic(2), None),
        (lambda: CornerNetworks([], lambda s: s, 1.0, False), None),
        (lambda: refused("the rule has too many nodes."), None),
        (lambda: None, "export_form returns a NoneType; Arithmetic or CornerNetworks is due"),
    ],
    ids=["arithmetic", "networks", "refusal", "nothing"],
)
def test_an_export_form_is_known_or_refused(form, problem):
    assert protocol_checks.exports(SimpleNamespace(export_form=form), np.ones((3, 2))) == problem


def refused(reason):
    raise InputError(reason)


def test_a_label_method_that_is_no_text_is_noticed():
    found = broken(subject(nonconforming_methods.Offers, labels=3), ["offers_what_protocols_say"])
    assert "labels is 3" in found["offers_what_protocols_say"]


def test_seconds_are_compared_with_the_budget(own_time):
    late = broken(subject(nonconforming_methods.TakesItsTime, budget=3.0), ["keeps_its_budget"])
    assert late["keeps_its_budget"].startswith("fit used 6.00 s of 3 s")
    assert "of 3 s" in contract_checks.keeps_its_budget(subject(broken_methods.Exact, budget=3.0))
    assert contract_checks.keeps_its_budget(subject(nonconforming_methods.TakesItsTime)) is None


def test_a_fit_cut_short_is_repeated_by_its_updates():
    remark = contract_checks.is_deterministic(subject(nonconforming_methods.CutShort, budget=1.0))
    assert remark.startswith("a fit cut short by its budget is repeated by n_updates=")
    with pytest.raises(Broken, match="two fits give values that differ"):
        contract_checks.is_deterministic(subject(nonconforming_methods.CutShort))


# ----- the command ----------------------------------------------------------------------------------------------------


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_command_on_a_method_as_it_should_be(capsys):
    assert conformance.main(["nonconforming_methods:Offers,factor=2"]) == 0
    *found, last = lines(capsys)
    assert all(line.startswith("holds: ") and line.endswith(".") for line in found)
    assert len(found) == len(OF_CLASS) + 2 * len(BEFORE_FIT + AFTER_FIT)
    assert last == "nonconforming_methods:Offers,factor=2 keeps the method contract."


def test_command_on_a_given_integral(capsys):
    assert conformance.main(["gauss_legendre,max_nodes=500", "--integral", "bubble"]) == 0
    found = [line for line in lines(capsys) if "its Protocols" in line]
    assert len(found) == 1
    assert found[0].endswith("(bubble): ReportsDetails, GivesLabelGradients, Exportable.")


def test_command_says_what_does_not_hold(capsys):
    assert conformance.main(["broken_methods:InPlace"]) == 1
    *found, last = lines(capsys)
    wrong = [line for line in found if not line.startswith("holds: ")]
    start = "does not hold: integrate leaves the points untouched (closed_form_{}d), since integrate changed s"
    assert len(wrong) == 2
    assert all(line.startswith(start.format(k)) for k, line in enumerate(wrong, 1))
    assert last == "2 of 34 sentences do not hold for broken_methods:InPlace."


def test_command_outlives_what_the_method_does(capsys):
    assert conformance.main(["broken_methods:Aborts"]) == 1
    *_, wrong, last = lines(capsys)
    assert wrong.startswith("does not hold: integrate returns an Estimate")
    assert "signal SIGABRT" in wrong
    assert last.startswith("1 of ")


@pytest.mark.parametrize(
    ("method", "wrong"),
    [
        ("broken_methods:Raises", "does not hold: fit returns the method itself and sets integral_ (closed_form_1d), "
         "since it raised RuntimeError: the training diverged."),
        ("nonconforming_methods:OnlyFits", "does not hold: the class inherits Method and defines fit and integrate, "
         "since it does not define integrate."),
    ],
)  # fmt: skip
def test_command_leaves_out_what_means_nothing(method, wrong, capsys):
    assert conformance.main([method]) == 1
    found = lines(capsys)
    assert wrong in found
    assert found[found.index(wrong) + 1].startswith("not checked: the other checks")


def test_command_needs_an_integral_that_the_method_can_treat(capsys):
    assert conformance.main(["label_methods:Exact", "--integral", "box1l"]) == 1
    *_, left_out, last = lines(capsys)
    assert left_out == "not checked: the other checks (box1l), since unsupported says: it has no closed form."
    assert "give an --integral that it can treat" in last


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere:Method"], "which is not found"),
        (["nowhere.inside:Method"], "which is not found"),
        (["broken_methods:Nothing"], "There is no attribute of broken_methods 'Nothing'"),
        (["broken_methods:np"], "give a class"),
        (["broken_methods:Exact,order=3"], "There is no field of broken_methods:Exact 'order'"),
        (["broken_methods:Exact", "--integral", "nothing"], "There is no integral 'nothing'"),
    ],
)
def test_command_refuses_wrong_arguments(arguments, message, capsys):
    assert conformance.main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("budget", ["0", "nan", "long"])
def test_command_refuses_a_budget_that_is_none(budget, capsys):
    with pytest.raises(SystemExit) as end:
        conformance.main(["gauss_legendre", "--budget", budget])
    assert end.value.code == 2
    assert "--budget" in capsys.readouterr().err


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as end:
        conformance.main(["--help"])
    assert end.value.code == 0
    assert "python -m benchmarks.conformance my_file:MyMethod,n_samples=2000" in capsys.readouterr().out
