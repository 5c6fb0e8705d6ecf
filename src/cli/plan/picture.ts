/** A plan as an SVG: each pipeline a bar over the model's layers, in pieces as long as what each node holds. */

import type { PlanReport, StageReport } from './report.ts';
import { UNITS } from './report-text.ts';

const WIDTH = 1000;
const LEFT = 110;
const RIGHT = 130;
const TOP = 76;
const BAR = 40;
const ROW = 62;
/** Told apart by brightness as well as by hue, and dark text is readable on all. */
const COLOURS = ['#8ecae6', '#ffd166', '#a8dba8', '#f4a6a6', '#cdb4db', '#ffc49b', '#b8c0ff', '#c9e4ca'];

export function planPicture(report: PlanReport): string {
  const kinds = [...new Set(report.pipelines.flatMap(({ stages }) => stages.map(({ gpu }) => gpu)))];
  const colourOf = (gpu: string) => COLOURS[kinds.indexOf(gpu) % COLOURS.length]!;
  const height = TOP + report.pipelines.length * ROW + 60;
  const scale = (WIDTH - LEFT - RIGHT) / report.numLayers;
  const title = `${report.model}: ${report.pipelines.length} pipelines, ${report.objective.value.toFixed(2)} ${UNITS[report.objective.name]}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(20, 30, title, 'font-size="17" font-weight="600"'),
    ...kinds.map((gpu, at) => legend(gpu, at, colourOf(gpu))),
    ...report.pipelines.flatMap(({ stages, slowestMs }, at) => {
      const y = TOP + at * ROW;
      return [
        text(20, y + 25, `pipeline ${at + 1}`),
        ...stages.map((stage) => piece(stage, y, scale, colourOf(stage.gpu))),
        text(WIDTH - RIGHT + 12, y + 18, `${slowestMs.toFixed(2)} ms`, 'font-weight="600"'),
        text(WIDTH - RIGHT + 12, y + 34, 'slowest stage', 'fill="#555" font-size="11"'),
      ];
    }),
    axis(report.numLayers, scale, TOP + report.pipelines.length * ROW),
    '</svg>\n',
  ].join('\n');
}

function legend(gpu: string, at: number, colour: string): string {
  const x = 20 + at * 160;
  return `<rect x="${x}" y="44" width="12" height="12" fill="${colour}" stroke="#444"/>${text(x + 18, 55, short(gpu, 150), 'font-size="12"')}`;
}

function piece(
  { node, layers, stageMs, isBottleneck, gpu }: StageReport,
  y: number,
  scale: number,
  colour: string,
): string {
  const x = LEFT + layers[0] * scale;
  const width = (layers[1] - layers[0]) * scale;
  const border = isBottleneck ? 'stroke="#b00020" stroke-width="2.5"' : 'stroke="#444" stroke-width="1"';
  const words = `${node} (${gpu}): layers ${layers[0]}-${layers[1] - 1}, ${stageMs.toFixed(2)} ms`;
  return [
    `<g><title>${escapeXml(words)}</title>`,
    `<rect x="${round(x + 1)}" y="${y}" width="${round(Math.max(1, width - 2))}" height="${BAR}" rx="3" fill="${colour}" ${border}/>`,
    text(x + 6, y + 17, short(node, width - 10), 'font-weight="600"'),
    text(
      x + 6,
      y + 33,
      short(`${layers[0]}-${layers[1] - 1} · ${stageMs.toFixed(1)} ms`, width - 10),
      'font-size="11"',
    ),
    '</g>',
  ].join('');
}

function axis(numLayers: number, scale: number, y: number): string {
  const step = [1, 2, 5, 10, 20, 50, 100].find((each) => numLayers / each <= 12) ?? 200;
  const ticks: string[] = [];
  for (let layer = 0; layer <= numLayers; layer += step) {
    const x = round(LEFT + layer * scale);
    ticks.push(`<line x1="${x}" y1="${y - 8}" x2="${x}" y2="${y - 2}" stroke="#444"/>`);
    ticks.push(text(x, y + 12, String(layer), 'text-anchor="middle" font-size="11" fill="#555"'));
  }
  ticks.push(
    text(LEFT, y + 34, 'layer; red border: the slowest stage of its pipeline', 'font-size="11" fill="#555"'),
  );
  return ticks.join('');
}

/** As much of the words as has room, at about 7 pixels a letter. */
function short(words: string, width: number): string {
  const most = Math.floor(width / 7);
  if (words.length <= most) return words;
  return most < 3 ? '' : `${words.slice(0, most - 1)}…`;
}

function text(x: number, y: number, words: string, attributes = ''): string {
  return words === '' ? '' : `<text x="${round(x)}" y="${y}" ${attributes}>${escapeXml(words)}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeXml(words: string): string {
  return words.replace(/[&<>"]/g, (found) => ENTITIES[found]!);
}
