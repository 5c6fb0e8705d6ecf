import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page as Tab } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { functionPolicy } from '../../queueing/index.ts';
import { findPreset, RoutingProfile } from '../../routing/index.ts';
import { aRecord } from '../../telemetry/__fixtures__/builders.ts';
import { controlRooms } from '../__fixtures__/control-room.ts';

const open = controlRooms();

describe.each(['/', '/docs'])('the page at %s', (path) => {
  it('needs nothing from elsewhere', async () => {
    const { text, headers } = await (await open()).call(path);
    expect(headers.get('content-type')).toBe('text/html; charset=UTF-8');
    expect(text).not.toMatch(/https?:\/\//);
    expect(text).not.toMatch(/<(script|link|img|iframe)[^>]+(src|href)="(?!data:)/);
  });

  it('lets the browser run its own script and style only', async () => {
    const { text, headers } = await (await open()).call(path);
    const policy = headers.get('content-security-policy') ?? '';
    for (const tag of ['script', 'style']) {
      const source = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(text)![1]!;
      const hash = createHash('sha256').update(source).digest('base64');
      expect(policy).toContain(`${tag}-src 'sha256-${hash}'`);
    }
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it('puts nothing into the document but text', async () => {
    const { text } = await (await open()).call(path);
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/);
  });
});

const BROWSER = '/usr/bin/chromium';
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const suite = existsSync(BROWSER) ? 'in a browser' : `in a browser (skipped: no ${BROWSER} here)`;

describe.skipIf(!existsSync(BROWSER))(suite, () => {
  let browser: Browser;
  let tab: Tab;
  let problems: string[];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: BROWSER, args: ARGUMENTS });
  });

  afterAll(() => browser.close());

  async function visit(url: string): Promise<void> {
    tab = await browser.newPage();
    problems = [];
    tab.on('pageerror', (error) => problems.push(error.message));
    tab.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await tab.goto(url);
  }

  afterEach(() => tab.close());

  it('shows instances, queue and decisions, and a name that looks like markup as it is', async () => {
    const room = await open({ fleetDescription: '2 engines' });
    const odd = '<img src=x onerror=alert(1)>';
    room.addInstance({ id: odd, maxConcurrency: 1, engine: 'vllm' });
    room.addInstance({ id: 'gpu-2', models: ['qwen'] });
    room.submit({ id: 'r1' });
    room.submit({ id: 'r2' });
    room.telemetry.observer.onRequestEnd(aRecord({ requestId: 'r1', ttftMs: 80 }));
    await visit(room.url);
    await tab.locator('#decisions td').first().waitFor();
    expect(await tab.locator('#fleet').textContent()).toBe('2 engines');
    expect(await tab.locator('#instances tbody tr').count()).toBe(2);
    expect(await tab.locator('#instances tbody tr').first().locator('td').first().textContent()).toBe(odd);
    expect(await tab.locator('#instances img').count()).toBe(0);
    expect(await tab.locator('#tiles').textContent()).toContain('2 / 2instances ready1running1waiting');
    expect(await tab.locator('#queue tbody').textContent()).toContain('llama1');
    expect(await tab.locator('#decisions tbody').textContent()).toContain('80 ms');
    expect(problems).toEqual([]);
  });

  it('shows what the policy tells of itself', async () => {
    const room = await open();
    const figures = { dispatched: 1234, byClass: { '<b>': 2 }, weights: [1, 2] };
    room.scheduler.reconfigure({
      policy: functionPolicy({ name: 'mine', orderKey: () => 1, getStats: () => figures }),
    });
    await visit(room.url);
    await tab.locator('#policy td').first().waitFor();
    expect(await tab.locator('#policy-facts').textContent()).toBe('mine');
    const cells = await tab.locator('#policy tbody td').allTextContents();
    expect(cells.slice(-6)).toEqual(['dispatched', '1,234', 'byClass.<b>', '2', 'weights', '[1,2]']);
    expect(problems).toEqual([]);
  });

  it('shows what runs in the shadow, and how often it disagrees', async () => {
    const room = await open();
    for (const id of ['a', 'b']) room.addInstance({ id });
    await visit(room.url);
    await tab.locator('#tiles b').first().waitFor();
    expect(await tab.locator('#shadow').isVisible()).toBe(false);
    room.scheduler.setShadow({
      profile: new RoutingProfile(findPreset('round-robin')),
      random: seededRandom(1),
    });
    for (let i = 0; i < 20; i++) room.submit({ id: `r${i}` }).complete();
    const { disagreements } = room.scheduler.shadow()!.where!;
    await tab.reload();
    await tab.locator('#shadow').waitFor();
    expect(await tab.locator('#shadow-facts').textContent()).toContain(
      'profile round-robin beside profile least-loaded and policy fifo',
    );
    const counts = await tab.locator('#shadow-counts tbody td').allTextContents();
    expect(counts.slice(0, 4)).toEqual(['llama', 'where', '20', `${Math.round(disagreements * 5)} %`]);
    expect(await tab.locator('#disagreements tbody tr').count()).toBe(Math.min(10, disagreements));
    expect(await tab.locator('#disagreements tbody').textContent()).toContain('round-robin of 2 that passed');
    expect(problems).toEqual([]);
  });

  it('asks for the token and then shows what it guards', async () => {
    const room = await open({ token: 'hush-hush' });
    room.addInstance({ id: 'gpu-1' });
    await visit(room.url);
    await tab.locator('#token').fill('hush-hush');
    await tab.locator('#login button').click();
    await tab.locator('#instances tbody td').first().waitFor();
    expect(await tab.locator('#instances tbody').textContent()).toContain('gpu-1');
    expect(tab.url()).not.toContain('hush');
    await tab.locator('#login').waitFor({ state: 'hidden' });
  });

  it('says so when the process is gone', async () => {
    const room = await open();
    await visit(room.url);
    await tab.locator('#tiles b').first().waitFor();
    await room.close();
    await tab.getByText('Signalbox does not answer.').waitFor();
  });

  it('draws the reference of every operation', async () => {
    const room = await open();
    await visit(`${room.url}/docs`);
    await tab.locator('details#getDecision').waitFor();
    await tab.locator('details#listDecisions summary').click();
    const shown = await tab.locator('details#listDecisions').textContent();
    expect(shown).toContain('GET/admin/decisions');
    expect(shown).toContain('limit?query');
    expect(problems).toEqual([]);
  });
});
