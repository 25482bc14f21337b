"""What scikit-learn asks of a transformer, without its import, which takes a second that scoring does not need."""

from __future__ import annotations

import inspect
from typing import Any, Self


class Transformer:
    """`clone`, `Pipeline` and grid searches take a subclass like one of scikit-learn's own `BaseEstimator`.

    A subclass keeps the parameters of its `__init__` under their names and what it learns under names that end in `_`.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn's signature
        """The parameters by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; `ValueError` for a name that is none."""
        names = list(self.get_params())
        for name, value in params.items():
            if name not in names:
                raise ValueError(f"{type(self).__name__}: expected one of {', '.join(names)}, got {name!r}")
            setattr(self, name, value)
        return self

    def fit_transform(self, X: Any, y: Any = None, **more: Any) -> Any:
        """Learn from X and transform it."""
        return self.fit(X, y, **more).transform(X)  # type: ignore[attr-defined]

    def require(self, learnt: str) -> None:
        """Raise `NotFittedError` where nothing was learnt under this name."""
        if learnt not in self.__dict__:
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(f"{type(self).__name__}: expected a fitted one; call fit first")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags, TransformerTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False), transformer_tags=TransformerTags())
