import contextvars
import threading
import time

import pytest

from serving.workers import BoundedWorkers, LateError, StuckError, Workers


def test_work_runs_in_the_callers_context_on_daemon_threads():
    variable = contextvars.ContextVar("variable", default=0)
    variable.set(7)
    workers = Workers(2, "test")
    assert workers.submit(variable.get).result(5) == 7
    assert workers.submit(lambda: threading.current_thread().daemon).result(5)
    workers.close()


def test_cancelled_before_its_turn_it_never_runs():
    workers = Workers(1, "test")
    go, ran = threading.Event(), []
    first = workers.submit(lambda: go.wait(5))
    second = workers.submit(lambda: ran.append("second"))
    third = workers.submit(lambda: ran.append("third"))
    assert second.cancel()
    go.set()
    assert first.result(5)
    third.result(5)
    assert ran == ["third"]
    workers.close()


def test_what_the_work_raises_is_raised_also_a_timeout_of_its_own():
    workers = BoundedWorkers(1, "test")

    def fails():
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        workers.run(fails, 5)
    assert workers.late() == 0
    workers.close()


def test_late_work_is_counted_until_it_ends_and_then_the_worker_is_used_again():
    workers = BoundedWorkers(2, "test")
    go = [threading.Event(), threading.Event()]
    with pytest.raises(LateError):
        workers.run(lambda: go[0].wait(30), 0.01)
    assert workers.late() == 1
    assert workers.stuck_s() == 0.0
    assert workers.run(lambda: "works", 5) == "works"  # on the other thread
    with pytest.raises(LateError):
        workers.run(lambda: go[1].wait(30), 0.01)
    with pytest.raises(StuckError):
        workers.run(lambda: "never asked", 5)
    assert workers.stuck_s() > 0
    go[0].set()
    while workers.late() == 2:
        time.sleep(0.001)
    assert workers.stuck_s() == 0.0
    assert workers.run(lambda: "works again", 5) == "works again"
    go[1].set()
    workers.close()


def test_work_that_never_began_leaves_no_worker_late():
    workers = BoundedWorkers(1, "test")
    go, begun = threading.Event(), threading.Event()
    patient = threading.Thread(target=lambda: workers.run(lambda: (begun.set(), go.wait(30)), 30))
    patient.start()
    begun.wait(5)
    with pytest.raises(LateError):
        workers.run(lambda: "waits for its turn", 0.01)
    assert workers.late() == 0
    go.set()
    patient.join(5)
    workers.close()
