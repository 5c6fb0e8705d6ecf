/** Requests of one conversation go to one instance, whoever comes and goes, without anything being remembered. */

import type { RequestMetadata } from '../../domain/index.ts';
import { definePart, type Scorer } from '../plugins.ts';

/**
 * Consistent hashing by highest random weight (Thaler and Ravishankar, 1998): the instance with the highest hash of (session,
 * instance) gets 1, the others 0. It is what a ring is with infinitely many virtual nodes: each instance gets the same share,
 * and only the sessions of an instance that leaves, 1/n of all, move; one that joins takes 1/(n + 1) of them. Where the filters drop
 * an instance, its sessions spread over all others and come back. A weight w counts as w instances: hash = −w / ln u.
 */
export const session = definePart({
  name: 'session',
  describe:
    'Requests of one session go to one instance, by consistent hashing; 1 for all where there is none.',
  parameters: {
    by: {
      type: 'text',
      default: 'session',
      oneOf: ['session', 'user', 'tenant'],
      describe: 'What stays together; a request without session goes by its user.',
    },
  },
  create: ({ by }): Scorer => {
    const hashes = new InstanceHashes();
    return {
      name: 'session',
      score(request, views, scores, measures) {
        const key = keyOf(request, by);
        if (key === undefined) {
          scores.fill(1, 0, views.length);
          measures.fill(-1, 0, views.length);
          return;
        }
        const keyHash = hashOf(key);
        let best = 0;
        for (let i = 0; i < views.length; i++) {
          const { instance, slot } = views[i]!;
          const drawn = mixed(keyHash ^ hashes.of(slot, instance.id));
          measures[i] = -instance.weight / Math.log((drawn + 0.5) / 2 ** 32);
          scores[i] = 0;
          if (measures[i]! > measures[best]!) best = i;
        }
        if (views.length > 0) scores[best] = 1;
      },
      describe: (rank) =>
        rank < 0 ? 'the request names no session' : `drew ${Number(rank.toPrecision(4))} for the session`,
    };
  },
});

function keyOf({ session: id, user, tenant }: RequestMetadata, by: string): string | undefined {
  if (by === 'tenant') return tenant;
  const key = by === 'session' ? (id ?? user) : user;
  return key === undefined ? undefined : `${tenant ?? ''}\0${key}`;
}

/** The instances' hashes by their slots. */
class InstanceHashes {
  readonly #ids: string[] = [];
  readonly #hashes: number[] = [];

  of(slot: number, id: string): number {
    if (this.#ids[slot] === id) return this.#hashes[slot]!;
    while (this.#ids.length <= slot) {
      this.#ids.push('');
      this.#hashes.push(0);
    }
    this.#ids[slot] = id;
    this.#hashes[slot] = hashOf(id);
    return this.#hashes[slot]!;
  }
}

/** FNV-1a (Fowler, Noll, Vo, public domain) over the text's code units, mixed. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixed(hash);
}

function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
