"""Lists of contacts as people have them, read row by row: CSV and JSON, packed or not.

`glance` at a file as it comes, `examine` it before it is taken in, then iterate over a `Reader`.
No model is known here, and whatever bytes come, nothing but Unreadable is raised, apart from what
the file object itself raises.
"""

from campaigns.import_file.examination import examine, glance
from campaigns.import_file.facts import Facts
from campaigns.import_file.reader import Reader
from campaigns.import_file.record import BadRecord, Record
from campaigns.import_file.unreadable import Unreadable

__all__ = ["BadRecord", "Facts", "Reader", "Record", "Unreadable", "examine", "glance"]
