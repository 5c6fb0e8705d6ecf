/** Writes a page in Prometheus' text format from a table of rows. */

export type MetricRow = readonly [
  type: 'gauge' | 'counter',
  name: string,
  help: string,
  value: number,
  labels?: Readonly<Record<string, string>>,
];

export function prometheusPage(
  rows: readonly MetricRow[],
  commonLabels: Readonly<Record<string, string>>,
): string {
  let page = '';
  let lastName = '';
  for (const [type, name, help, value, labels] of rows) {
    if (name !== lastName) page += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    page += `${name}${labelText({ ...commonLabels, ...labels })} ${value}\n`;
    lastName = name;
  }
  return page;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escapeLabel = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
