"""Waiting for another process."""

from threading import Event


def until(condition, seconds: float) -> None:
    pause = Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("waited in vain")
