"""The Redis adapter against a real Redis: it counts as the memory does, and never gives a slot twice."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import redis
from failway import Memory
from failway.redis import Redis


class RealRedis(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        server = shutil.which("redis-server")
        assert server, "redis-server is missing: runtimes/python/ci installs it"
        cls.folder = tempfile.mkdtemp()
        cls.socket = f"{cls.folder}/redis.sock"
        cls.server = subprocess.Popen(
            [server, "--port", "0", "--unixsocket", cls.socket, "--save", "", "--dir", cls.folder],
            stdout=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                redis.Redis(unix_socket_path=cls.socket).ping()
                return
            except redis.ConnectionError:
                time.sleep(0.05)
        raise AssertionError("redis-server doesn't answer")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.terminate()
        cls.server.wait()
        shutil.rmtree(cls.folder)

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=self.socket)

    def test_it_answers_as_the_memory_does(self) -> None:
        rng = random.Random(5)
        stores = Memory(), Redis(self.client(), "same:")
        now, taken = 1_766_000_000_000, []
        for _ in range(3_000):
            now += rng.choice([0, 0, 1, 50, 99, 100, 400])
            wants = [
                {"key": f"k{k}", "count": k % 4, "window_ms": 100 + 150 * (k % 3)}
                for k in rng.sample(range(6), rng.randint(1, 3))
            ]
            ask = rng.choice(["peek", "take", "take", "give_back"])
            if ask == "give_back":
                if taken:
                    slot = rng.choice(taken)
                    for store in stores:
                        store.give_back(*slot)
                continue
            first, second = (getattr(store, ask)(now, wants) for store in stores)
            self.assertEqual(first, second)
            if ask == "take" and all(at is None for at in first):
                taken = (taken + [(want["key"], now) for want in wants])[-30:]

    def test_the_last_slot_is_given_once(self) -> None:
        got, begin = [], threading.Barrier(8)

        def worker() -> None:
            store = Redis(self.client(), "race:")
            begin.wait()
            for _ in range(100):
                wants = [{"key": "a", "count": 50, "window_ms": 60_000}, {"key": "b", "count": 70, "window_ms": 60_000}]
                if store.take(1_766_000_000_000, wants) == [None, None]:
                    got.append(1)

        threads = [threading.Thread(target=worker) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(got), 50)

    def test_slots_go_with_their_window(self) -> None:
        Redis(self.client(), "ttl:").take(5, [{"key": "a", "count": 1, "window_ms": 1_000}])
        self.assertTrue(0 < self.client().pttl("ttl:a") <= 61_000)


if __name__ == "__main__":
    unittest.main()
