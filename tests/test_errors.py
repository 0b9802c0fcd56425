"""The exception tree: as drawn, catchable as promised, and able to travel."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Final

import pytest

from kesspay import errors
from kesspay._reasons import DOCUMENT_REASONS, KEY_REASONS, SIGNATURE_REASONS
from tests.support.odd import ODD


SAMPLES: Final[list[errors.KesspayError]] = [
    errors.KesspayError("any"),
    errors.InputError("any"),
    errors.CanonicalizationError("syntax", position=3, detail="more"),
    errors.CanonicalizationError("type", path='params["a"]'),
    errors.DocumentRefused("duplicate", position=7),
    errors.KeyLoadError("kind", needed="a public key", found="an EC key"),
    errors.FieldError("amount", "must be positive", -1),
    errors.InvalidSignature("sign_base64", detail="more"),
    errors.BackendError("any"),
    errors.NotSent("any", evidence={"service": "x"}),
    errors.Rejected("any", code="USED", description="used"),
    errors.OutcomeUnknown("any"),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_travels(error: errors.KesspayError) -> None:
    """An error reaches another process with everything it knows."""
    for twin in (
        pickle.loads(pickle.dumps(error)),  # noqa: S301 - just made
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)
        assert twin.args == error.args


def test_refusal_is_both() -> None:
    """A refused document is caught as no document, as no signature, as a value."""
    error = errors.DocumentRefused("depth", position=64)
    for kind in (
        errors.CanonicalizationError,
        errors.InvalidSignature,
        errors.InputError,
        ValueError,
    ):
        assert isinstance(error, kind)
    assert str(error) == "too many nested containers at byte 64"


@pytest.mark.parametrize("value", [*ODD, 10**5000], ids=lambda v: type(v).__name__)
def test_a_field_error_can_be_made_of_every_value(value: object) -> None:
    """What is wrong with a field is said, whatever the value is."""
    error = errors.FieldError("amount", "must be positive", value)
    assert len(str(error)) < 150
    assert vars(pickle.loads(pickle.dumps(error))).keys() == vars(error).keys()  # noqa: S301 - just made


@pytest.mark.parametrize(
    "path", ["params" + '["k"]' * 512, f'params["{"k" * 3000}"]["last"]["k"]["z"]']
)
def test_a_long_path_is_shortened(path: str) -> None:
    """The message has its beginning and its end, the attribute all of it."""
    error = errors.CanonicalizationError("type", path=path)
    assert len(str(error)) < 200
    assert path[:60] in str(error)
    assert str(error).endswith(path[-50:])
    assert error.path == path


def test_drawing() -> None:
    """The tree in the docstring is the tree of the classes."""
    drawn = re.findall(
        r"([│├└─ ]*)([A-Z]\w+)(?: |$)", errors.__doc__ or "", re.MULTILINE
    )
    names = [name for _, name in drawn if name in errors.__all__]
    assert set(names) == set(errors.__all__)
    ancestors: list[str] = []
    for branch, name in drawn:
        if name not in errors.__all__:
            continue
        level = len(branch) // 4 - 1
        del ancestors[max(level, 0) :]
        kind = getattr(errors, name)
        if ancestors:
            assert getattr(errors, ancestors[-1]) in kind.__bases__, name
        ancestors.append(name)


def test_unknown_is_not_rejected() -> None:
    """A handler of rejections does not catch an unknown outcome."""
    assert not issubclass(errors.OutcomeUnknown, errors.Rejected)
    assert not issubclass(errors.Rejected, errors.OutcomeUnknown)


@pytest.mark.parametrize(
    ("error", "reasons"),
    [
        (errors.CanonicalizationError, DOCUMENT_REASONS),
        (errors.InvalidSignature, SIGNATURE_REASONS),
        (errors.KeyLoadError, KEY_REASONS),
    ],
)
def test_reasons_are_documented(
    error: type[errors.KesspayError], reasons: dict[str, str]
) -> None:
    """The docstring of an error lists each reason, so that an editor shows them."""
    listed = re.findall("``([a-z0-9_]+)``", str(error.__doc__))
    assert set(listed) - {"signed_body"} == set(reasons)
