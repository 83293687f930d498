"""`make ledger`: python -m tests.ledger --seed 1 --seconds 60 --database mysql"""

import argparse
import signal
import sys

from tests.ledger.report import passed, report
from tests.ledger.run import Options, execute


def arguments() -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60, help="of load with faults")
    parser.add_argument("--database", choices=("mysql", "sqlite"), default="sqlite")
    parser.add_argument("--rate", type=float, default=Options.rate, help="requests a second")
    parser.add_argument("--baseline", type=float, default=Options.baseline, help="seconds before")
    parser.add_argument("--contacts", type=int, default=Options.contacts, help="two pixels each")
    parser.add_argument("--only", default="", help="one kind of fault")
    parser.add_argument("--timeline", action="store_true", help="print each second's figures")
    return Options(**vars(parser.parse_args()))


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    options = arguments()
    print(f"seed {options.seed}", flush=True)
    options.shown = sys.stderr.isatty()
    try:
        result = execute(options)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    print(*report(result), sep="\n")
    return 0 if passed(result) else 1


if __name__ == "__main__":
    sys.exit(main())
