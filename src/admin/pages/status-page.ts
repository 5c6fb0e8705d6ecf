/** The status page: instances, queue, policy and last decisions at a glance, refreshed by itself. */

import { BASE_STYLE, createPage } from './page.ts';

const STYLE = `${BASE_STYLE}
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 16px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 18px; }
.tile b { display: block; font-size: 26px; font-weight: 600; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 12px; }
.state { display: inline-flex; align-items: center; gap: 7px; }
.state::before { content: ''; width: 8px; height: 8px; border-radius: 50%; background: currentColor; }
meter { width: 90px; height: 10px; vertical-align: middle; margin-right: 8px; }
td.why { white-space: normal; min-width: 220px; color: var(--soft); }
form { display: none; gap: 8px; align-items: center; } form.shown { display: flex; }
input, button { font: inherit; padding: 5px 10px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); color: var(--ink); }
h2.further { margin-top: 18px; }
#notice { margin: 0; padding: 0 28px; } #notice:empty { display: none; }
`;

const BODY = `
<header><h1>Signalbox</h1><span id="fleet" class="soft"></span><span id="clock" class="soft"></span>
<nav><a href="metrics">Metrics</a><a href="docs">API reference</a></nav></header>
<p id="notice" class="bad" role="status"></p>
<main>
<form id="login"><label>Control token <input id="token" type="password" autocomplete="off"></label><button>Show</button></form>
<div id="tiles" class="tiles"></div>
<section><h2>Instances</h2><table id="instances"></table></section>
<section><h2>Queue</h2><table id="queue"></table></section>
<section><h2>Policy</h2><p id="policy-facts" class="soft"></p><table id="policy"></table></section>
<section><h2>Last decisions</h2><table id="decisions"></table></section>
<section id="shadow" hidden><h2>In the shadow</h2><p id="shadow-facts" class="soft"></p><table id="shadow-counts"></table>
<h2 class="further">Last disagreements</h2><table id="disagreements"></table></section>
</main>`;

/** Everything that is shown goes in as text nodes, so that no name can become markup. */
const SCRIPT = `
'use strict';
const byId = (id) => document.getElementById(id);
const REFRESH_MS = 2000;
const STATE_CLASSES = { ready: 'good', starting: 'warn', draining: 'warn', ejected: 'bad', gone: 'soft' };

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

const number = (value) => value === undefined || value === null ? '–' : Number(value).toLocaleString('en');
const percent = (share) => Math.round(share * 100) + ' %';
function duration(ms) {
  if (ms === undefined || ms === null) return '–';
  return ms >= 1000 ? (ms / 1000).toFixed(ms >= 10000 ? 0 : 1) + ' s' : Math.round(ms) + ' ms';
}

function load(value, most) {
  const meter = element('meter', { min: 0, max: most, value, high: most * 0.9, optimum: 0 });
  return element('span', {}, meter, number(value) + ' / ' + number(most));
}

function kvCache(report) {
  if (!report || report.kvCacheUsage === undefined) return '–';
  const meter = element('meter', { min: 0, max: 1, value: report.kvCacheUsage, high: 0.9, optimum: 0 });
  return element('span', {}, meter, percent(report.kvCacheUsage));
}

function reportAge(report) {
  if (!report || report.ageMs === undefined) return element('span', { className: 'soft' }, 'none');
  const text = duration(report.ageMs) + ' ago' + (report.isStale ? ', stale' : '');
  return element('span', { className: report.isStale ? 'warn' : '' }, text);
}

function outcome(of) {
  if (!of) return element('span', { className: 'soft' }, 'running');
  const name = of.errorCode ? of.outcome + ', ' + of.errorCode : of.outcome;
  return element('span', { className: of.outcome === 'completed' ? 'good' : 'bad' }, name);
}

const INSTANCE_COLUMNS = [
  ['Instance', (one) => element('span', { title: one.url, className: 'mono' }, one.id)],
  ['State', (one) => element('span', { className: 'state ' + STATE_CLASSES[one.state], title: one.detail || '' }, one.state)],
  ['Engine', (one) => one.engine],
  ['Models', (one) => one.models.join(', ')],
  ['In flight', (one) => load(one.inFlightRequests, one.maxConcurrency)],
  ['Engine waiting', (one) => number(one.report && one.report.waitingRequests), 'number'],
  ['Engine running', (one) => number(one.report && one.report.runningRequests), 'number'],
  ['KV cache', (one) => kvCache(one.report)],
  ['Report', (one) => reportAge(one.report)],
  ['Served', (one) => number(one.dispatchedTotal), 'number'],
  ['Last error', (one) => one.lastErrors.length === 0 ? '–' : element('span', { className: 'bad' }, one.lastErrors[0].code)],
];

const LANE_COLUMNS = [
  ['Model', (lane) => lane.model],
  ['Waiting', (lane) => number(lane.waitingRequests), 'number'],
  ['Tokens', (lane) => number(lane.waitingTokens), 'number'],
  ['Oldest', (lane) => duration(lane.oldestWaitMs), 'number'],
  ['By class', (lane) => Object.entries(lane.waitingByPriority).filter(([, count]) => count > 0)
    .map(([priority, count]) => priority + ' ' + count).join(', ') || '–'],
];

const DECISION_COLUMNS = [
  ['Time', (one) => new Date(one.atMs).toLocaleTimeString()],
  ['Request', (one) => element('span', { className: 'mono' }, one.requestId)],
  ['Model', (one) => one.model],
  ['Sent to', (one) => element('span', { className: 'mono' }, one.instanceId + (one.attempt > 1 ? ' (attempt ' + one.attempt + ')' : ''))],
  ['Waited', (one) => duration(one.queueMs), 'number'],
  ['TTFT', (one) => duration(one.outcome && one.outcome.ttftMs), 'number'],
  ['Predicted', (one) => duration(one.predictedTtftMs && one.predictedTtftMs.mean), 'number'],
  ['E2E', (one) => duration(one.outcome && one.outcome.e2eMs), 'number'],
  ['Outcome', (one) => outcome(one.outcome)],
  ['Why', (one) => one.reason, 'why'],
];

/** The shadow's figure minus ours: less is better. */
function difference(of, unit) {
  if (!of || of.samples === 0) return '–';
  const size = Math.abs(of.mean);
  const text = (of.mean > 0 ? '+' : of.mean < 0 ? '−' : '±') + (unit === 'ms' ? duration(size) : number(Number(size.toFixed(2))));
  return element('span', { className: of.mean < 0 ? 'good' : of.mean > 0 ? 'warn' : '' }, text);
}

const SHADOW_COLUMNS = [
  ['Model', (row) => row.model],
  ['About', (row) => row.about],
  ['Decisions', (row) => number(row.counts.decisions), 'number'],
  ['Disagreed', (row) => percent(row.counts.disagreementShare), 'number'],
  ['Rated both the same', (row) => number(row.counts.equalScores), 'number'],
  ['Predicted TTFT', (row) => difference(row.counts.predictedTtftMs, 'ms'), 'number'],
  ['Load there', (row) => difference(row.counts.load), 'number'],
  ['Waited', (row) => difference(row.counts.waitedMs, 'ms'), 'number'],
];

const DISAGREEMENT_COLUMNS = [
  ['Time', (one) => new Date(one.atMs).toLocaleTimeString()],
  ['Request', (one) => element('span', { className: 'mono' }, one.requestId)],
  ['About', (one) => one.about],
  ['Ours', (one) => element('span', { className: 'mono' }, one.ours.instanceId || one.ours.requestId)],
  ['Shadow', (one) => element('span', { className: 'mono' }, one.shadow ? one.shadow.instanceId || one.shadow.requestId : 'nobody yet')],
  ['Why ours', (one) => one.ours.reason || waitingFacts(one.ours), 'why'],
  ['Why the shadow’s', (one) => one.reason || (one.shadow ? one.shadow.reason || waitingFacts(one.shadow) : '–'), 'why'],
];

const FIGURE_COLUMNS = [
  ['Figure', (row) => element('span', { className: 'mono' }, row.name)],
  ['Value', (row) => typeof row.value === 'number' ? number(row.value) : String(row.value), 'why'],
];

/** One row for each value, by its path. */
function figureRows(figures, path = '') {
  return Object.entries(figures).flatMap(([key, value]) => {
    const name = path ? path + '.' + key : key;
    if (Array.isArray(value)) return [{ name, value: JSON.stringify(value) }];
    return value !== null && typeof value === 'object' ? figureRows(value, name) : [{ name, value }];
  });
}

function showPolicy({ name, figures, isTruncated, failure }) {
  byId('policy-facts').textContent = name + (failure ? '. Its figures cannot be read: ' + failure : '') +
    (isTruncated ? '. It tells of more than is shown.' : '');
  fill(byId('policy'), FIGURE_COLUMNS, figureRows(figures), 'It tells nothing of itself.');
}

const waitingFacts = (one) => one.priority + ', waited ' + duration(one.waitedMs) + ', ' + number(one.tokens) + ' tokens';

function showShadow(shadow) {
  byId('shadow').hidden = !shadow;
  if (!shadow) return;
  const runs = [shadow.profile && 'profile ' + shadow.profile, shadow.policy && 'policy ' + shadow.policy].filter(Boolean);
  const against = shadow.against ? ' beside profile ' + shadow.against.profile + ' and policy ' + shadow.against.policy : '';
  byId('shadow-facts').textContent = runs.join(' and ') + against + ', since ' + new Date(shadow.sinceMs).toLocaleTimeString() +
    (shadow.failure ? '. It has ended: ' + shadow.failure : '');
  const rows = shadow.models.flatMap(({ model, where, when }) => [
    where && { model, about: 'where', counts: where }, when && { model, about: 'when', counts: when }].filter(Boolean));
  fill(byId('shadow-counts'), SHADOW_COLUMNS, rows, 'No decisions yet.');
  fill(byId('disagreements'), DISAGREEMENT_COLUMNS, shadow.disagreements, 'None yet.');
}

function fill(table, columns, rows, whenEmpty) {
  const head = element('tr', {}, ...columns.map(([title, , className]) => element('th', { className: className || '' }, title)));
  const lines = rows.map((row) => element('tr', {},
    ...columns.map(([, cell, className]) => element('td', { className: className || '' }, cell(row)))));
  if (lines.length === 0) lines.push(element('tr', {}, element('td', { colSpan: columns.length, className: 'soft' }, whenEmpty)));
  table.replaceChildren(element('thead', {}, head), element('tbody', {}, ...lines));
}

function tiles(instances, queue) {
  const ready = instances.filter((one) => one.state === 'ready').length;
  const shown = [
    [ready + ' / ' + instances.length, 'instances ready'],
    [number(queue.inFlightRequests), 'running'],
    [number(queue.waitingRequests), 'waiting'],
    [queue.drainRatePerSecond.toFixed(1), 'finished per second'],
  ];
  byId('tiles').replaceChildren(...shown.map(([value, name]) =>
    element('div', { className: 'tile' }, element('b', {}, value), element('span', {}, name))));
}

async function read(path) {
  const token = sessionStorage.getItem('token');
  const answer = await fetch(path, token ? { headers: { authorization: 'Bearer ' + token } } : {});
  byId('login').classList.toggle('shown', answer.status === 401);
  if (answer.ok) return answer.json();
  throw new Error(answer.status === 401 ? 'This address needs its control token.' : path + ' answered ' + answer.status);
}

async function refresh() {
  try {
    const paths = ['admin/instances', 'admin/queue', 'admin/decisions?limit=25', 'admin/shadow?limit=10', 'admin/policy'];
    const [fleet, queue, log, { shadow }, policy] = await Promise.all(paths.map(read));
    byId('fleet').textContent = fleet.fleet || '';
    tiles(fleet.instances, queue);
    fill(byId('instances'), INSTANCE_COLUMNS, fleet.instances, 'No instances yet.');
    fill(byId('queue'), LANE_COLUMNS, queue.lanes.filter((lane) => lane.waitingRequests > 0), 'Nothing waits.');
    fill(byId('decisions'), DECISION_COLUMNS, log.decisions, 'No decisions yet.');
    showPolicy(policy);
    showShadow(shadow);
    byId('clock').textContent = 'as of ' + new Date().toLocaleTimeString();
    byId('notice').textContent = '';
  } catch (error) {
    byId('notice').textContent = error instanceof TypeError ? 'Signalbox does not answer.' : error.message;
  }
}

async function refreshForever() {
  for (;;) {
    if (!document.hidden) await refresh();
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
  }
}

byId('login').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('token', byId('token').value);
  refresh();
});
refreshForever();
`;

export const STATUS_PAGE = createPage({ title: 'Signalbox', style: STYLE, body: BODY, script: SCRIPT });
