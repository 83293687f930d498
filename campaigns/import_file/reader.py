from collections.abc import Callable, Iterable, Iterator

from campaigns.import_file.csv_table import CsvTable
from campaigns.import_file.encoding import decoded
from campaigns.import_file.facts import Facts
from campaigns.import_file.json_array import JsonArray
from campaigns.import_file.json_lines import JsonLines
from campaigns.import_file.packing import BLOCKS_PER_SIGN, unpacked
from campaigns.import_file.record import BadRecord, Record


class Reader:
    """The rows of a file, in its order, in memory that does not grow with it. Iterate over it.

    Where the file can't be read on, that raises Unreadable, after all that stands before. Calls
    `alive` every two megabytes, unpacked: gigabytes of nothing may come before the next row.
    """

    def __init__(self, file, facts: Facts, alive: Callable[[], None] = lambda: None):
        self.file, self.facts, self.alive = file, facts, alive
        self.read = 0  # bytes, unpacked; ends at `facts.size`

    def __iter__(self) -> Iterator[Record | BadRecord]:
        self.read = 0
        _, blocks = unpacked(self.file)
        chunks = decoded(self._counted(blocks), self.facts.encoding)
        if self.facts.form == "csv":
            yield from CsvTable(chunks, self.facts.encoding, self.facts.delimiter)
        else:
            form = JsonArray if self.facts.form == "json" else JsonLines
            yield from form(chunks, self.facts.encoding)

    def _counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for number, block in enumerate(blocks, 1):
            if number % BLOCKS_PER_SIGN == 0:
                self.alive()
            self.read += len(block)
            yield block
