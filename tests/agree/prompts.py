"""What is asked: the same of all tools."""

import json


def write(file, key, count):
    """A file of JSON lines with one prompt each, under this key."""
    lines = (json.dumps({key: f"What does weir number {number:03} measure, and how?"}) for number in range(count))
    file.write_text("".join(line + "\n" for line in lines))
    return file
