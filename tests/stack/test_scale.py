"""SCALE.md: what it says of one engine is what there is, and what it says of a thousand follows from that."""

import re
import subprocess

import pytest

import scale
import scale_page

# By so much may the page be off; and memory, which is the system's business too.
NEARLY, ROUGHLY = 0.2, 0.5


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    with scale.running(tmp_path_factory.mktemp("scale")) as server:
        yield scale_page.measured(scale.measure(server))


def test_the_page_is_true(measured):
    said = scale_page.read(scale_page.of_the_page())
    for name, value in measured.items():
        nearly = pytest.approx(value, rel=ROUGHLY if name.startswith("memory") else NEARLY)
        assert said[name] == nearly, f"{scale_page.ROWS[name]}: `make scale` writes SCALE.md anew"


def test_what_follows_is_worked_out_right():
    page = scale_page.of_the_page()
    assert scale_page.sizes(scale_page.read(page)) in page


def test_the_formula():
    """With numbers that can be added up in one's head."""
    found = dict.fromkeys(scale_page.ROWS, 1.0) | dict.fromkeys(scale_page.WITH_BYTES, (1.0, 0.0))
    # A pod: five parts and 15 of Prometheus'; a model at the edge and by the rules, a GPU and by the rules. A node: 1 + 5. The edge: 1 + 5.
    # And the rules besides.
    assert scale_page.series_of(found, 1) == 24 + 6 + 6 + 1
    assert scale_page.series_of(found, 9) == 9 * 24 + 2 * 6 + 6 + 1
    # 172,800 samples in 30 days, and ten indexes.
    assert scale_page.disk_of(found, 1) == 172_800 + 10


def test_what_it_says_of_remote_write(tmp_path):
    [snippet] = re.findall(r"```yaml\n(.*?)```", scale_page.PAGE.read_text(), re.DOTALL)
    file = tmp_path / "prometheus.yml"
    file.write_text(snippet)
    done = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
