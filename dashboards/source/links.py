"""Where a click leads. Time goes along, and so does the choice of the data source."""

_KEPT = "${__url_time_range}&${datasource:queryparam}"


def to_board(uid, title, keep=(), **variables):
    """A dashboard, with variables set: `model="${__field.labels.model}"`, or in a table `${__data.fields["model"]}`.
    `keep`: those that go on as they are chosen here."""
    kept = "".join("&${" + name + ":queryparam}" for name in keep)
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return {"title": title, "url": f"/d/{uid}?{_KEPT}{kept}{chosen}", "targetBlank": False}


def to_traffic_of(model):
    """Of a model that may be called so at either hop: LiteLLM's names need not be those of engines."""
    return [
        to_board("weir-llm-traffic", "LLM traffic, if clients call it so", hop="edge", model=model),
        to_board("weir-llm-traffic", "LLM traffic, if its engine calls it so", hop="engine", model=model),
    ]


def to_page(title, url):
    """A page that is no dashboard."""
    return {"title": title, "url": url, "targetBlank": True}


def label(name):
    """Of the series that was clicked on."""
    return "${__field.labels." + name + "}"


def cell(column):
    """Of the row that was clicked on; the column by its name as shown."""
    return '${__data.fields["' + column + '"]}'


# On top of each dashboard: all the others.
ALL_BOARDS = {
    "type": "dashboards",
    "title": "Weir",
    "tags": ["weir"],
    "asDropdown": True,
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
    "icon": "external link",
    "tooltip": "",
    "url": "",
}
