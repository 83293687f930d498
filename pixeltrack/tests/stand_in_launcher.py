"""The launcher without its preparation: `stand_in_launcher PROCFILE`."""

import sys

from pixeltrack import launcher


def main() -> int:
    launcher.prepare = lambda supervisor: "Welcome."
    sys.argv = ["launcher", "--procfile", sys.argv[1]]
    return launcher.main()


if __name__ == "__main__":
    sys.exit(main())
