/** What a person sees when Signalbox has started. */

import type { Config } from '../../config/index.ts';
import type { InstanceDescription } from '../../discovery/index.ts';
import { VERSION } from '../version.ts';

export interface BannerFacts {
  readonly config: Config;
  readonly instances: readonly InstanceDescription[];
  readonly dataUrl: string | undefined;
  readonly selectUrl: string | undefined;
  readonly controlUrl: string;
  /** What tasks survive; absent when there is no task queue. */
  readonly tasks: string | undefined;
  readonly startedInMs: number;
}

export function bannerOf(facts: BannerFacts): string {
  const { config, instances, dataUrl, selectUrl, controlUrl, tasks, startedInMs } = facts;
  const keyCount = Object.keys(config.auth.keys).length;
  const isOpen = keyCount === 0;
  const model = instances.flatMap(({ models }) => models)[0];
  const access = isOpen ? 'no API key asked for' : `${keyCount} API keys`;
  return [
    '',
    `Signalbox ${VERSION} started in ${Math.round(startedInMs)} ms`,
    '',
    ...(dataUrl === undefined ? [] : [`  OpenAI API   ${dataUrl}/v1   ${access}`]),
    ...(selectUrl === undefined
      ? []
      : [`  select API   ${selectUrl}/scheduler/select   for load balancers that ask`]),
    `  control      ${controlUrl}   status page, /metrics, /admin, /docs`,
    ...(tasks === undefined ? [] : [`  tasks        ${controlUrl}/queue/submit   ${tasks}`]),
    `  decides by   policy ${config.policy.name}, routing ${config.routing.name}`,
    '',
    ...(dataUrl === undefined ? [] : [...fleetLines(config, instances), '']),
    ...(model === undefined || dataUrl === undefined ? [] : callLines(dataUrl, model, isOpen)),
  ].join('\n');
}

function fleetLines(config: Config, instances: readonly InstanceDescription[]): string[] {
  if (instances.length === 0)
    return ['  No instances yet: add some under `instances` or with --upstream URL.'];
  const simulated = new Map(
    config.instances.flatMap((instance) =>
      instance.kind === 'simulated' ? [[instance.id, instance.profile] as const] : [],
    ),
  );
  const width = Math.max(...instances.map(({ id }) => id.length));
  const title =
    simulated.size === 0
      ? '  Instances:'
      : '  Instances (simulated: the timing is modelled, the words are made up):';
  return [
    title,
    ...instances.map(
      (instance) => `    ${instance.id.padEnd(width)}  ${found(instance, simulated.get(instance.id))}`,
    ),
  ];
}

function found(instance: InstanceDescription, profile: string | undefined): string {
  const { url, isKnown, engine, engineVersion, models, lookUp } = instance;
  if (!isKnown)
    return `${url}  not reached yet: ${lookUp.lastError ?? 'no answer so far'}; asked again and again`;
  const what =
    profile === undefined
      ? `${engine}${engineVersion === undefined ? '' : ` ${engineVersion}`}`
      : `simulates ${profile}`;
  const shown =
    models.length > 4 ? `${models.slice(0, 4).join(', ')} and ${models.length - 4} more` : models.join(', ');
  return `${url}  ${what}, serves ${shown === '' ? 'nothing' : shown}`;
}

function callLines(dataUrl: string, model: string, isOpen: boolean): string[] {
  const key = isOpen ? '' : ` -H "Authorization: Bearer $SIGNALBOX_API_KEY"`;
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hello!' }] });
  return [
    '  Try it:',
    '',
    `    curl -N ${dataUrl}/v1/chat/completions${key} -H 'Content-Type: application/json' -d '${body}'`,
    '',
    '',
  ];
}
