/**
 * A node of a pipeline: it joins, loads the layers that it is given, says again and again how it is, serves, and leaves when what
 * it runs has ended. Behind it is the simulated engine; a real worker would start its own with those layers (llama.cpp's
 * `rpc-server`, say), and as the first of a chain find the others in the header `x-signalbox-hops`.
 *
 *   node examples/pipelines/worker.ts --id a --memory-gb 192 [--control http://127.0.0.1:8081] [--token TOKEN]
 */

import { parseArgs } from 'node:util';
import { startSimulatedEngine } from '../../src/engines/simulated/index.ts';

interface Layers {
  readonly start: number;
  readonly end: number;
}

/** What the control listener says of a node. */
interface NodeAnswer {
  readonly layers: Layers | null;
  readonly isReady: boolean;
  readonly model: { readonly name: string };
  readonly heartbeatTimeoutMs: number;
}

export interface WorkerOptions {
  readonly id: string;
  /** Address of Signalbox' control listener. */
  readonly control: string;
  readonly token?: string;
  readonly hardware: {
    readonly gpuName: string;
    readonly tflopsFp16: number;
    readonly memoryGb: number;
    readonly memoryBandwidthGBps: number;
  };
  readonly labels?: Readonly<Record<string, string>>;
  /** Four heartbeats in the time after which the node would have failed, unless said otherwise. */
  readonly heartbeatMs?: number;
  /** How many times faster than the modelled hardware its engine is. */
  readonly speed?: number;
  readonly say?: (line: string) => void;
}

export interface Worker {
  readonly url: string;
  /** Ends its service once what it runs has ended. */
  leave(): Promise<void>;
  /** Falls silent, as a machine does whose power fails. */
  crash(): Promise<void>;
}

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { id, hardware, labels = {}, speed = 1, say = () => undefined } = options;
  let timer: NodeJS.Timeout | undefined;
  let loaded: Layers | null = null;
  let hasStopped = false;

  async function call<Answer>(method: string, path: string, body?: object): Promise<Answer | undefined> {
    const response = await fetch(options.control + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  const engine = await startSimulatedEngine({ model: await modelName(call), speed });

  async function join(): Promise<NodeAnswer> {
    loaded = null;
    const answer = await call<NodeAnswer>('POST', '/pipelines/nodes', {
      id,
      url: engine.url,
      hardware,
      labels,
    });
    return answer!;
  }

  /** Here a real worker reads weights. */
  async function load(layers: Layers | null): Promise<void> {
    if (layers?.start === loaded?.start && layers?.end === loaded?.end) return;
    loaded = layers;
    say(
      layers === null ? `${id} holds no layers` : `${id} holds the layers [${layers.start}, ${layers.end})`,
    );
    await beat();
  }

  async function beat(): Promise<void> {
    // Who was forgotten, because Signalbox was started anew or heard nothing for long, joins again.
    const answer =
      (await call<NodeAnswer>('PUT', `/pipelines/nodes/${id}`, { loaded, isActive: true })) ?? (await join());
    await load(answer.layers);
  }

  function beatLater(heartbeatMs: number): void {
    timer = setTimeout(async () => {
      try {
        await beat();
      } catch (error) {
        say(`${id}: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (!hasStopped) beatLater(heartbeatMs);
    }, heartbeatMs);
  }

  async function stop(): Promise<void> {
    hasStopped = true;
    clearTimeout(timer);
    await engine.close();
  }

  const joined = await join();
  await load(joined.layers);
  beatLater(options.heartbeatMs ?? joined.heartbeatTimeoutMs / 4);
  return {
    url: engine.url,
    async leave() {
      for (;;) {
        const left = await call<{ isGone: boolean }>('DELETE', `/pipelines/nodes/${id}?drain=true`);
        if (left === undefined || left.isGone) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await stop();
      say(`${id} has left`);
    },
    crash: stop,
  };
}

/** The engine shows the model under the name by which callers ask for it. */
async function modelName(
  call: <Answer>(method: string, path: string) => Promise<Answer | undefined>,
): Promise<string> {
  const overview = await call<{ model: { name: string } }>('GET', '/pipelines');
  if (overview === undefined) throw new Error('no pipelines are configured there');
  return overview.model.name;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      id: { type: 'string' },
      control: { type: 'string', default: 'http://127.0.0.1:8081' },
      token: { type: 'string' },
      'memory-gb': { type: 'string', default: '80' },
      site: { type: 'string', default: 'here' },
    },
  });
  if (values.id === undefined) throw new Error('--id is missing: the name of this node');
  const worker = await startWorker({
    id: values.id,
    control: values.control,
    ...(values.token !== undefined && { token: values.token }),
    hardware: {
      gpuName: 'simulated',
      tflopsFp16: 312,
      memoryGb: Number(values['memory-gb']),
      memoryBandwidthGBps: 2039,
    },
    labels: { site: values.site },
    say: (line) => process.stderr.write(`${line}\n`),
  });
  const leave = () => void worker.leave();
  process.once('SIGINT', leave).once('SIGTERM', leave);
}
