from serving.deadline import Deadline, PairCost


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _cost(clock: Clock, *measured: tuple[int, float]) -> PairCost:
    cost = PairCost(clock=clock)
    for pairs, ms in measured:
        cost.observe(pairs, ms)
    return cost


def test_no_deadline_leaves_all_the_time():
    assert Deadline(None).left_ms() is None
    assert Deadline(0).left_ms() is None
    assert 0 < Deadline(10_000).left_ms() <= 10_000
    assert Deadline(1, started=0.0).left_ms() < 0


def test_a_steady_reranker_is_trusted_more_and_more():
    clock = Clock()
    estimates = []
    cost = PairCost(clock=clock)
    for _ in range(60):
        cost.observe(100, 200.0)
        estimates.append(cost.ms_per_pair())
    assert estimates[0] == 6.0  # 2 ms and four deviations of half of it, as RFC 6298 begins
    assert estimates == sorted(estimates, reverse=True)
    assert 2.0 <= estimates[-1] < 2.001


def test_an_erratic_reranker_is_given_room():
    steady = _cost(Clock(), *[(100, 200.0)] * 40)
    erratic = _cost(Clock(), *[(100, 100.0), (100, 300.0)] * 20)
    assert erratic.ms_per_pair() > 2 * steady.ms_per_pair()


def test_the_window_is_what_fits():
    cost = _cost(Clock(), *[(100, 200.0)] * 60)
    assert cost.affordable(100, None, 10) == 100
    assert cost.affordable(100, 1000.0, 10) == 100
    assert cost.affordable(100, 101.0, 10) == 50
    assert cost.affordable(100, 19.0, 10) == 0  # nine would fit, fewer than the smallest window
    assert cost.affordable(5, 11.0, 10) == 5  # all that were asked for
    assert cost.affordable(5, 9.0, 10) == 0
    assert cost.affordable(100, 0.0, 10) == cost.affordable(100, -3.0, 10) == 0
    assert cost.affordable(0, 100.0, 10) == 0


def test_before_the_first_measurement_all_is_tried():
    cost = PairCost()
    assert cost.ms_per_pair() is None
    assert cost.affordable(100, 5.0, 10) == 100
    assert cost.affordable(100, -1.0, 10) == 0


def test_after_silence_the_reranker_is_tried_again():
    clock = Clock()
    cost = _cost(clock, (10, 10_000.0))
    assert cost.affordable(100, 200.0, 10) == 0
    clock.now += 20.0  # ten half-lives
    assert cost.affordable(100, 200.0, 10) == 68  # 200 / (3000 / 1024)
