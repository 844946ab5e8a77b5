"""Runs work in threads that are started when they are first needed."""

from collections.abc import Callable
from concurrent import futures
from typing import Any, ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Threads(futures.Executor):
    """A pool of threads. An invocation with one event needs none, so they are not even imported at a cold start."""

    def __init__(self, number: int) -> None:
        """Args: number: the maximum number of threads."""
        self._number = number
        self._pool: futures.Executor | None = None

    def submit(
        self, fn: Callable[_Arguments, _Result], /, *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> futures.Future[_Result]:
        """Let a thread call a function. Only one thread may submit.

        If the process can have no more threads, this one calls the function at once. Then another thread may call it,
        too, sooner or later: the pool keeps what it could not start a thread for.
        """
        if self._pool is None:
            self._pool = futures.ThreadPoolExecutor(self._number)
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except RuntimeError:
            done: futures.Future[_Result] = futures.Future()
            try:
                done.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001  whoever asks for the result gets it
                done.set_exception(error)
            return done

    def shutdown(self, wait: bool = True, **options: Any) -> None:  # noqa: FBT001, FBT002  the base class's
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait, **options)
