"""Who is let in: bounded, early, and without leaks when clients leave."""

import asyncio
import threading

import pytest

from serving.admission import Admission
from serving.deadline import Deadline
from serving.metrics import Metrics
from serving.problems import ProblemError


def _value(metrics: Metrics, name: str) -> float:
    lines = metrics.render().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_more_than_workers_and_queue_are_shed_at_once_and_told_when_to_come_back():
    async def check() -> None:
        metrics = Metrics()
        admission = Admission("search", 2, 3, metrics)
        go = threading.Event()
        inside = [asyncio.create_task(admission.run(lambda: go.wait(10), Deadline(None))) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert _value(metrics, "distilrank_running") == 2
        assert _value(metrics, "distilrank_waiting") == 3
        for _ in range(10):
            with pytest.raises(ProblemError) as refused:
                await admission.run(lambda: None, Deadline(None))
            answer = refused.value.answer("id")
            assert answer.status == 429
            assert int(answer.headers["retry-after"]) >= 1
        go.set()
        await asyncio.gather(*inside)
        assert _value(metrics, "distilrank_shed_total") == 10
        assert _value(metrics, "distilrank_running") == _value(metrics, "distilrank_waiting") == 0
        assert (await admission.run(lambda: "in", Deadline(None)))[0] == "in"
        admission.close()

    asyncio.run(check())


def test_a_wait_that_would_eat_the_deadline_is_refused_before_it_is_waited():
    async def check() -> None:
        admission = Admission("search", 1, 100, Metrics())
        wait = threading.Event()
        for _ in range(20):
            await admission.run(lambda: wait.wait(0.02), Deadline(None))  # it learns: some 20 ms
        go = threading.Event()
        inside = [asyncio.create_task(admission.run(lambda: go.wait(10), Deadline(None))) for _ in range(20)]
        await asyncio.sleep(0.05)
        with pytest.raises(ProblemError) as refused:
            await admission.run(lambda: None, Deadline(100))
        assert refused.value.kind == "overloaded"
        patient = asyncio.create_task(admission.run(lambda: "patient", Deadline(60_000)))
        await asyncio.sleep(0)
        go.set()
        assert (await patient)[0] == "patient"
        await asyncio.gather(*inside)
        admission.close()

    asyncio.run(check())


def test_a_deadline_that_passed_in_the_queue_is_refused_without_doing_the_work():
    async def check() -> None:
        admission = Admission("search", 1, 100, Metrics())
        go = threading.Event()
        first = asyncio.create_task(admission.run(lambda: go.wait(10), Deadline(None)))
        done: list[int] = []
        second = asyncio.create_task(admission.run(lambda: done.append(1), Deadline(30)))
        await asyncio.sleep(0.06)
        go.set()
        with pytest.raises(ProblemError):
            await second
        await first
        assert not done
        admission.close()

    asyncio.run(check())


def test_clients_that_leave_free_their_places_in_the_queue_and_work_keeps_its_slot():
    async def check() -> None:
        metrics = Metrics()
        admission = Admission("search", 1, 2, metrics)
        go = threading.Event()
        ran: list[str] = []
        first = asyncio.create_task(admission.run(lambda: go.wait(10), Deadline(None)))
        queued = [asyncio.create_task(admission.run(lambda: ran.append("left"), Deadline(None))) for _ in range(2)]
        await asyncio.sleep(0.05)
        for task in queued:
            task.cancel()
        await asyncio.gather(*queued, return_exceptions=True)
        assert _value(metrics, "distilrank_waiting") == 0
        first.cancel()  # its work goes on, and so does its slot
        await asyncio.gather(first, return_exceptions=True)
        assert _value(metrics, "distilrank_running") == 1
        follows = asyncio.create_task(admission.run(lambda: ran.append("stayed"), Deadline(None)))
        await asyncio.sleep(0.02)
        assert ran == []
        go.set()
        await follows
        assert ran == ["stayed"]
        assert _value(metrics, "distilrank_running") == 0
        admission.close()

    asyncio.run(check())


def test_what_the_work_raises_is_raised_and_frees_the_slot():
    async def check() -> None:
        admission = Admission("search", 1, 0, Metrics())
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await admission.run(lambda: 1 // 0, Deadline(None))
        admission.close()

    asyncio.run(check())
