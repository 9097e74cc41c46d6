"""`python3 dashboards/source` writes all dashboards; with `--check`, it only says which are not as they would be written."""

import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).parent


def boards():
    for path in sorted((HERE / "boards").glob("*.py")):
        yield importlib.import_module(f"boards.{path.stem}").BOARD


def main(arguments):
    stale = []
    for board in boards():
        path = HERE.parent / f"{board.uid}.json"
        text = board.text()
        if path.exists() and path.read_text() == text:
            continue
        stale.append(path.name)
        if "--check" not in arguments:
            path.write_text(text)
    if stale and "--check" in arguments:
        sys.exit(f"not as dashboards/source makes them: {', '.join(stale)}. Write them anew: make dashboards")
    for name in stale:
        print(f"written: dashboards/{name}")


if __name__ == "__main__":
    main(sys.argv[1:])
