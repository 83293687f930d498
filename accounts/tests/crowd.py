"""Many requests at the same moment, from threads with connections of their own."""

import threading

from django.db import connection


def at_once(works: list) -> list:
    """What each of these functions returns, all of them called at once."""
    barrier = threading.Barrier(len(works))
    results = [None] * len(works)

    def run(position, work):
        try:
            barrier.wait()
            results[position] = work()
        except BaseException as error:
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
