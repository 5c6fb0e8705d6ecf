/** The rig's process: mock upstream and clients together on one core, told what to do by the benchmark. */

import { OpenStreams } from './open-streams.ts';
import type { RigCommandName, RigCommands, RigRequest, RigResponse } from './protocol.ts';
import { checkSmallAnswer, measureRoundTrips } from './round-trips.ts';
import { runStreamLoad } from './stream-load.ts';
import { startUpstream, type Upstream } from './upstream.ts';

let upstream: Upstream | undefined;
const openStreams = new OpenStreams();

const HANDLERS: {
  readonly [Name in RigCommandName]: (
    argument: RigCommands[Name]['argument'],
  ) => Promise<RigCommands[Name]['result']>;
} = {
  async startUpstream({ instances }) {
    upstream = await startUpstream(instances);
    return upstream.urls;
  },
  checkSmallAnswer: ({ target }) => checkSmallAnswer(target),
  roundTrips: ({ target, requests }) => measureRoundTrips(target, requests),
  streamLoad: (options) => runStreamLoad(options, upstream!),
  async openStreams({ target, count }) {
    await openStreams.open(target, count);
    return null;
  },
  async closeStreams() {
    openStreams.closeAll();
    return null;
  },
};

function handle<Name extends RigCommandName>({ name, argument }: RigRequest<Name>) {
  return HANDLERS[name](argument);
}

process.on('message', (request: RigRequest) => {
  const reply = (response: RigResponse) => process.send?.(response);
  handle(request).then(
    (result) => reply({ id: request.id, ok: true, result }),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      reply({ id: request.id, ok: false, message });
    },
  );
});
// Ctrl-C reaches the whole group; the benchmark decides when this process ends, and it ends with it.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
