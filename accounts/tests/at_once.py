"""Things that happen at the same time, for tests of what the database makes of them."""

import threading

from django.db import connection


def at_once(count: int, work) -> list:
    """What `work(number)` returned in each of `count` threads; raises what the first one raised."""
    results, errors = [None] * count, []
    barrier = threading.Barrier(count)

    def run(number):
        try:
            barrier.wait()
            results[number] = work(number)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def all_at_once(works: list) -> list:
    """What each of these functions returns."""
    return at_once(len(works), lambda number: works[number]())
