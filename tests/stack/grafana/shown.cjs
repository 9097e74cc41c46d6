// What tables of the dashboards show, by Grafana's own code: it merges, leaves out, orders, names and formats.
//
// Reads {"tables": [{"panel": …, "answers": {refId: [{"labels": {…}, "value": 1.0}]}}]} and writes
// {"units": [every unit that Grafana knows], "tables": [{"columns": [{"name", "values", "shown"}]}]} as its last line.
const { GlobalRegistrator } = require("@happy-dom/global-registrator");
GlobalRegistrator.register({ url: "http://localhost/" });

const { firstValueFrom } = require("rxjs");
const grafana = require("@grafana/data");

const theme = grafana.createTheme();

grafana.standardTransformersRegistry.setInit(() =>
  [...new Map(Object.values(grafana.standardTransformers).map((each) => [each.id, each])).values()].map((transformer) => ({
    id: transformer.id,
    name: transformer.name,
    description: transformer.description,
    transformation: transformer,
  })),
);

// The properties of fields that overrides may set here; the rest are about looks.
const properties = new grafana.FieldConfigOptionsRegistry(() =>
  ["unit", "decimals", "mappings", "noValue", "min", "max", "thresholds", "color"].map((id) => ({
    id,
    path: id,
    name: id,
    process: (value) => value,
    shouldApply: () => true,
  })),
);

// As Grafana's data source for Prometheus does with answers to queries of the format "table":
// https://github.com/grafana/grafana/blob/main/packages/grafana-prometheus/src/result_transformer.ts
function frame(refId, series, isAlone) {
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort();
  return grafana.toDataFrame({
    refId,
    fields: [
      { name: "Time", type: "time", values: series.map(() => 1000) },
      ...names.map((name) => ({ name, type: "string", values: series.map(({ labels }) => labels[name] ?? "") })),
      { name: isAlone ? "Value" : `Value #${refId}`, type: "number", values: series.map(({ value }) => value) },
    ],
  });
}

async function shown({ panel, answers }) {
  const given = Object.entries(answers).filter(([, series]) => series.length);
  const frames = given.map(([refId, series]) => frame(refId, series, panel.targets.length === 1));
  const transformed = await firstValueFrom(grafana.transformDataFrame(panel.transformations, frames));
  const [data] = grafana.applyFieldOverrides({
    data: transformed,
    fieldConfig: panel.fieldConfig,
    replaceVariables: (text) => text,
    theme,
    timeZone: "utc",
    fieldConfigRegistry: properties,
  });
  const text = (field, value) => (field.display ? grafana.formattedValueToString(field.display(value)) : String(value));
  const columns = (data?.fields ?? []).map((field) => ({
    name: grafana.getFieldDisplayName(field, data),
    values: [...field.values],
    shown: [...field.values].map((value) => text(field, value)),
  }));
  return { columns };
}

async function main() {
  const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const units = grafana.getValueFormats().flatMap(({ submenu }) => submenu.map(({ value }) => value));
  const tables = [];
  for (const table of asked.tables) tables.push(await shown(table));
  process.stdout.write(`\n${JSON.stringify({ units, tables })}\n`, () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
